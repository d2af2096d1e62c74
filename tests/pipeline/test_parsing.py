"""What covers a face is left alone: from the parser's answers to the written pixels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pytest
from tests.repair.faces import SIDE, face, mesh, meshes, moved, path

from facefix import compose
from facefix.faces.align import FFHQ_TEMPLATE
from facefix.faces.mesh.topology import TRIANGLES
from facefix.pipeline.parsing import Parsing
from facefix.plan import PlannedTrack, Treatment
from facefix.repair.cures import Patient
from facefix.repair.face import Course, FaceRepair
from facefix.repair.masks.contract import SHOWN_PX
from facefix.repair.restorers.rounds import Rounds
from facefix.types import Crop, Span

FRAMES = 40
SPAN = Span(100, 100 + FRAMES)
POINTS = (FFHQ_TEMPLATE * SIDE / 512).astype(np.float32)
TREATMENT = Treatment(7, "waxy", Span(112, 124), 0.8, 1.0, "waxy")
GREEN = np.float32([0, 1, 0])


def track() -> PlannedTrack:
    points = np.stack([POINTS + np.float32(shift) for shift in path(FRAMES)])
    return PlannedTrack(7, SPAN, points, np.ones(FRAMES, np.float32), ())


def bar(number: int) -> slice:
    """Columns that a green bar covers in a frame: it is drawn across the face, behind nothing."""
    left = 40 + 5 * number
    return slice(left, left + 24)


@lru_cache(maxsize=1)
def crops() -> list[np.ndarray]:
    """Nobody may write to them."""
    seen = [moved(face(), *shift) for shift in path(FRAMES)]
    for number, crop in enumerate(seen):
        crop[:, bar(number)] = GREEN
    return seen


class ByColour:
    """Takes all that is not green for the face, and counts what it is asked."""

    def __init__(self, known: float = 1.0) -> None:
        self.known = known
        self.asked: list[int] = []

    def shown(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        self.asked.append(len(crops))
        cells = [np.abs(crop - GREEN).sum(2).reshape(SHOWN_PX, SIDE // SHOWN_PX, SHOWN_PX, -1).min((1, 3)) for crop in crops]
        return np.stack([self.known * (cell > 0.1) for cell in cells]).astype(np.float32) if crops else np.empty((0, 1, 1))


class Inverting:
    """A restorer that leaves no pixel as it was."""

    def restore(self, crops: np.ndarray, source_px: float) -> np.ndarray:
        return 1 - crops


def told(parser: ByColour) -> dict[int, np.ndarray]:
    parsing = Parsing(parser, [track()], [TREATMENT])
    for start in range(0, FRAMES, 8):
        some = range(start, min(FRAMES, start + 8))
        parsing.look([(7, Crop(SPAN.start + n, crops()[n], np.eye(2, 3, dtype=np.float32))) for n in some])
    return parsing.shown(track())


def test_only_faces_that_are_treated_are_parsed_many_at_a_time() -> None:
    parser = ByColour()
    shown = told(parser)
    # Ramps of 5 frames, and 6 that smoothing looks at: as far as the track goes.
    assert sorted(shown) == list(range(101, 135))
    assert parser.asked == [7, 8, 8, 8, 3]


def test_a_parser_that_does_not_know_the_face_is_not_listened_to() -> None:
    assert told(ByColour(known=0.2)) == {}
    assert len(told(ByColour(known=0.9))) > 0


@pytest.mark.parametrize("mode", ["waxy", "flicker"])
def test_what_covers_a_face_stays_as_it_is_to_the_bit(mode: str) -> None:
    pixels, shown = crops(), told(ByColour())
    curve = np.zeros(FRAMES, np.float32)
    curve[12:24] = 1
    patient = Patient(Rounds(Inverting()), None, (), mesh(), TRIANGLES, float(SIDE), 24.0, POINTS, SIDE)
    changed = {}
    for kept in ({}, shown):
        repair, patches = FaceRepair(Course(SPAN, {mode: curve}, patient, kept)), []
        for number, mesh_here in enumerate(meshes(FRAMES)):
            if repair.wants(SPAN.start + number):
                crop = Crop(SPAN.start + number, pixels[number], np.eye(2, 3, dtype=np.float32))
                wanted = mesh_here + np.float32([3, 0, 0]) if mode == "flicker" else mesh_here
                patches += repair.push(crop, track().points[number], mesh_here, wanted)
        changed[bool(kept)] = {patch.frame: patch for patch in patches + repair.flush()}
    assert changed[True].keys() == changed[False].keys() >= set(range(112, 124))
    spoilt = 0
    for frame in range(112, 124):
        number = frame - SPAN.start
        before = np.rint(255 * pixels[number]).astype(np.uint8)
        whole, spared = (compose.add(before, [changed[kept][frame]])[0] for kept in (False, True))
        np.testing.assert_array_equal(spared[:, bar(number)], before[:, bar(number)])
        spoilt += int((whole[:, bar(number)] != before[:, bar(number)]).any())
        assert (spared != before).sum() > 0.2 * (whole != before).sum(), "the rest of the face is repaired"
    assert spoilt > 8, "and without the mask it would not have stayed"


def test_without_something_before_it_a_face_is_repaired_as_ever() -> None:
    class Everything:
        def shown(self, crops: Sequence[np.ndarray]) -> np.ndarray:
            return np.ones((len(crops), SHOWN_PX, SHOWN_PX), np.float32)

    parsing = Parsing(Everything(), [track()], [TREATMENT])
    parsing.look([(7, Crop(frame, face(), np.eye(2, 3, dtype=np.float32))) for frame in range(110, 126)])
    shown = parsing.shown(track())
    patient = Patient(Rounds(Inverting()), None, (), mesh(), TRIANGLES, float(SIDE), 24.0, POINTS, SIDE)
    curve = np.zeros(FRAMES, np.float32)
    curve[14] = 1
    residuals = []
    for kept in ({}, shown):
        repair = FaceRepair(Course(SPAN, {"waxy": curve}, patient, kept))
        patches = [p for f in range(111, 118) for p in repair.push(Crop(f, face(), np.eye(2, 3)), POINTS, mesh(), mesh())]
        residuals.append([patch.residual for patch in patches + repair.flush()])
    np.testing.assert_array_equal(*residuals)
