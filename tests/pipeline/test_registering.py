"""Straightened meshes held against the picture: what is moved, in which frames, how far; and on a real clip."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.repair import faces

from facefix.faces import align
from facefix.pipeline import registering
from facefix.pipeline.preparing import Known
from facefix.pipeline.registering import registered, to_be_viewed
from facefix.plan import PlannedTrack, Treatment
from facefix.repair.registration.evidence import SIDE_PX
from facefix.types import Span

FRAMES, TREATED = 24, Span(8, 16)
TURN = np.radians(30)
PLACE = 1.5 * np.array([[np.cos(TURN), -np.sin(TURN)], [np.sin(TURN), np.cos(TURN)]])
"""The face in the picture: larger and held aslant."""


class Shifting:
    """In place of the network: everything lies so many pixels further right in the views."""

    def __init__(self, pixels: float) -> None:
        self.pixels, self.asked = pixels, 0

    def shifts(self, told: Any, wanted: np.ndarray) -> np.ndarray:
        self.asked += len(told)
        return np.tile(np.float32([self.pixels, 0]), (*wanted.shape[:2], 1))


def track(frames: int = FRAMES) -> PlannedTrack:
    points = np.tile((faces.FIVE @ PLACE.T).astype(np.float32), (frames, 1, 1))
    return PlannedTrack(0, Span(100, 100 + frames), points, np.ones(frames, np.float32), ())


def known(seen: range = range(FRAMES)) -> Known:
    mesh = faces.mesh().copy()
    mesh[:, :2] = mesh[:, :2] @ PLACE.T
    meshes = np.tile(mesh, (FRAMES, 1, 1)).astype(np.float32)
    grey = np.random.default_rng(0).integers(0, 255, (SIDE_PX, SIDE_PX), np.uint8)
    return Known(Span(100, 100 + FRAMES), meshes, meshes, (), {}, greys={100 + i: grey for i in seen})


def treatment(mode: str = "warp", span: Span = TREATED) -> Treatment:
    return Treatment(0, mode, Span(100 + span.start, 100 + span.end), 0.6, 0.6, "")


def curve(strength: float = 0.6) -> np.ndarray:
    return np.full(FRAMES, strength, np.float32)


def run(
    before: Known, treatments: list[Treatment], curves: dict[str, np.ndarray], pixels: float = 4.0
) -> tuple[Known, Shifting]:
    registrar: Any = Shifting(pixels)
    return registered(registrar, before, track(), treatments, curves), registrar


def test_treated_frames_are_moved_in_the_picture_and_no_others() -> None:
    before = known()
    after, registrar = run(before, [treatment()], {"warp": curve()})
    assert registrar.asked == len(TREATED)
    matrix = align.transform(track().points[0], SIDE_PX)
    moved = (after.wanted - before.wanted)[TREATED.start : TREATED.end, :, :2] @ matrix[:, :2].T
    np.testing.assert_allclose(moved, np.broadcast_to([4.0, 0.0], moved.shape), atol=1e-3)
    np.testing.assert_array_equal(np.delete(after.wanted, np.r_[8:16], 0), np.delete(before.wanted, np.r_[8:16], 0))
    np.testing.assert_array_equal(after.wanted[..., 2], before.wanted[..., 2])
    np.testing.assert_array_equal(after.meshes, before.meshes)


def test_long_findings_are_looked_at_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(known(), [treatment()], {"warp": curve()})[0].wanted
    monkeypatch.setattr(registering, "_AT_ONCE", 3)
    np.testing.assert_array_equal(run(known(), [treatment()], {"warp": curve()})[0].wanted, whole)


def test_only_what_is_near_a_registered_finding_is_viewed() -> None:
    long = track(400)
    some = [treatment("warp", Span(100, 110)), treatment("waxy", Span(300, 310)), treatment("drift", Span(330, 400))]
    assert to_be_viewed(long, some, 25.0) == set(range(200 - 40, 210 + 40))
    assert not to_be_viewed(long, some[1:], 25.0)
    assert min(to_be_viewed(long, [treatment("collapsed", Span(5, 10))], 25.0)) == 100


def test_a_faint_treatment_moves_them_as_little() -> None:
    full, half = (run(known(), [treatment()], {"warp": curve(strength)})[0] for strength in (0.6, 0.15))
    off = [np.abs(one.wanted - known().wanted)[TREATED.start : TREATED.end].max() for one in (full, half)]
    assert 0 < off[1] < 0.6 * off[0]


def test_what_moves_no_feature_moves_no_mesh() -> None:
    before = known()
    after, registrar = run(before, [treatment("waxy")], {"waxy": curve()})
    assert after is before and not registrar.asked


@pytest.mark.parametrize("seen", [range(0), range(6, 18)])
def test_without_sound_frames_to_compare_with_nothing_is_moved(seen: range) -> None:
    before = known(seen)
    assert run(before, [treatment()], {"warp": curve()})[0] is before


def test_frames_with_another_fault_are_not_compared_with() -> None:
    before = known()
    waxy = [treatment("waxy", Span(0, 8)), treatment("waxy", Span(16, 24))]
    assert run(before, [treatment(), *waxy], {"warp": curve(), "waxy": curve()})[0] is before
