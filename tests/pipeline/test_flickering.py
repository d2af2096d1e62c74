"""Before a flicker is repaired: what is looked at, and that light, features and life are told apart."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from tests.pipeline.test_registering import PLACE
from tests.repair import faces

from facefix.faces import align
from facefix.faces.mesh.topology import TRIANGLES
from facefix.pipeline.flickering import flickers, to_be_seen
from facefix.pipeline.preparing import Known
from facefix.plan import PlannedTrack, Treatment
from facefix.repair.cures import Patient
from facefix.repair.flickering import ALL, Flickers
from facefix.repair.registration.evidence import SIDE_PX
from facefix.repair.restorers import RESTORERS
from facefix.repair.restorers.rounds import Rounds
from facefix.repair.strength import RAMP_FRAMES
from facefix.types import Span

FRAMES, FIRST = 44, 100
FLICKER = Span(FIRST + 14, FIRST + 30)
RATE = 24.0


def treatment(mode: str = "flicker", span: Span = FLICKER) -> Treatment:
    return Treatment(0, mode, span, 0.6, 0.6, "")


def track(points: np.ndarray, *unsound: Span) -> PlannedTrack:
    return PlannedTrack(0, Span(FIRST, FIRST + FRAMES), points, np.ones(FRAMES, np.float32), (), unsound=unsound)


def looked(
    change: Callable[[int, np.ndarray], np.ndarray],
    *others: Treatment,
    shown: range = range(FRAMES),
    unsound: tuple[Span, ...] = (),
) -> Flickers:
    """What is said of a clip whose frames are changed so."""
    crops, meshes = faces.turning(FRAMES), np.stack(faces.meshes(FRAMES))
    meshes[..., :2] = meshes[..., :2] @ PLACE.T
    points = np.stack([(faces.FIVE + np.float32(shift)) @ PLACE.T for shift in faces.path(FRAMES)]).astype(np.float32)
    greys = {}
    for i in shown:
        frame = FIRST + i
        crop = change(i, crops[i])
        laid = align.transform(points[i], SIDE_PX)[:, :2] @ PLACE
        whole = np.hstack([laid, (align.transform(points[i], SIDE_PX)[:, 2:])])
        grey = cv2.warpAffine(crop, whole, (SIDE_PX, SIDE_PX), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
        greys[frame] = cv2.cvtColor(np.clip(grey * 255, 0, 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)
    known = Known(Span(FIRST, FIRST + FRAMES), meshes, meshes, (), {}, greys=greys)
    rounds = Rounds(RESTORERS["none"].load("cpu"))
    patient = Patient(rounds, None, (), faces.mesh(), TRIANGLES, 256.0, RATE, faces.FIVE, faces.SIDE)
    found = flickers(patient, known, track(points, *unsound), [treatment(), *others])
    # In the frames in which its strength rises and falls it is as in the flicker itself.
    assert set(found) == set(range(FLICKER.start - RAMP_FRAMES, FLICKER.end + RAMP_FRAMES))
    assert len(set(found.values())) == 1
    return found[FLICKER.start]


def inside(change: Callable[[int, np.ndarray], np.ndarray]) -> Callable[[int, np.ndarray], np.ndarray]:
    return lambda i, crop: change(i, crop) if FIRST + i in FLICKER else crop


def lit(i: int, crop: np.ndarray) -> np.ndarray:
    return crop * np.float32(0.85 + 0.25 * (i * 7 % 5) / 4)


def boiled(i: int, crop: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(i)
    for x, y in ((100, 110), (156, 110), (128, 140), (128, 180)):
        crop = faces.bulge(crop, x, y, *rng.normal(0, 3, 2))
    return crop


def test_where_features_boil_they_are_averaged() -> None:
    far = looked(inside(boiled))
    assert min(far.middle, far.fine) > 0.7


def test_where_light_alone_flickers_fine_detail_is_not() -> None:
    far = looked(inside(lit))
    assert far.light > 0.7
    assert far.fine < 0.5


def test_a_face_that_is_as_lively_when_it_is_sound_is_averaged_less() -> None:
    assert looked(boiled).middle < 0.45


def test_another_faults_frames_are_no_sound_ones_treated_or_not() -> None:
    others = Span(FIRST, FLICKER.start), Span(FLICKER.end, FIRST + FRAMES)
    # Only boiling frames are left to compare with, and these do not count: what is usual does.
    treated = looked(boiled, *(treatment("warp", span) for span in others))
    assert treated.middle > looked(boiled).middle + 0.1
    assert looked(boiled, unsound=others) == treated


def test_frames_that_were_not_seen_leave_all_of_it_to_the_cure() -> None:
    assert looked(inside(lit), shown=range(0)) == ALL


@pytest.mark.parametrize(("mode", "count"), [("flicker", 16 + 2 * 14), ("warp", 0)])
def test_only_flickers_are_looked_at(mode: str, count: int) -> None:
    points = np.zeros((FRAMES, 5, 2), np.float32)
    assert len(to_be_seen(track(points), [treatment(mode)], RATE)) == count
