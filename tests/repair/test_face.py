"""The course of treatment of one face: doses, windows, masks, and nothing where nothing is asked."""

from __future__ import annotations

import numpy as np
from tests.repair.faces import SIDE, turning

from facefix.faces.align import FFHQ_TEMPLATE
from facefix.repair.cures import Patient
from facefix.repair.face import Course, FaceRepair, crop_side
from facefix.repair.restorers import RESTORERS
from facefix.types import Crop, Patch, Span

FRAMES = 34
IN_CROP = (FFHQ_TEMPLATE * SIDE / 512).astype(np.float32)
POINTS = IN_CROP + np.float32([30, 20])
SHIFT = np.float32([[1, 0, -30], [0, 1, -20]])
SPAN = Span(10, 10 + FRAMES)


def course(**strength: np.ndarray) -> FaceRepair:
    return FaceRepair(Course(SPAN, strength, Patient(RESTORERS["none"].load("cpu"), (), 256.0, 24.0)))


def curve(start: int, end: int, value: float = 1.0) -> np.ndarray:
    values = np.zeros(FRAMES, np.float32)
    values[start - SPAN.start : end - SPAN.start] = value
    return values


def crops() -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    return [np.clip(c * (1 + 0.1 * rng.standard_normal()), 0, 1).astype(np.float32) for c in turning(FRAMES)]


def run(face: FaceRepair, pixels: list[np.ndarray]) -> dict[int, Patch]:
    patches = []
    for i, crop in enumerate(pixels):
        frame = SPAN.start + i
        if face.wants(frame):
            patches += face.push(Crop(frame, crop, SHIFT), POINTS)
    return {patch.frame: patch for patch in patches + face.flush()}


def test_only_frames_with_strength_are_patched_and_only_their_neighbourhood_is_asked_for() -> None:
    face = course(flicker=curve(25, 30))
    assert set(run(face, crops())) == set(range(25, 30))
    wanted = [frame for frame in range(SPAN.start, SPAN.end) if face.wants(frame)]
    assert wanted == list(range(25 - face.look_ahead, 30 + face.look_ahead))


def test_no_strength_no_work() -> None:
    face = course(flicker=curve(0, 0), waxy=curve(0, 0))
    assert face.look_ahead == 0
    assert not any(face.wants(frame) for frame in range(SPAN.start, SPAN.end))


def test_half_the_strength_is_half_the_change() -> None:
    pixels = crops()
    full, half = run(course(flicker=curve(20, 30)), pixels), run(course(flicker=curve(20, 30, 0.5)), pixels)
    assert full.keys() == half.keys()
    for frame, patch in full.items():
        assert np.allclose(half[frame].residual, 0.5 * patch.residual, atol=1e-6)


def test_a_patch_ends_where_the_face_does() -> None:
    for patch in run(course(flicker=curve(20, 24)), crops()).values():
        assert not patch.residual[patch.mask == 0].any()
        assert patch.mask[:, [0, -1]].max() == patch.mask[[0, -1]].max() == 0
        assert patch.residual[SIDE // 2 : SIDE // 2 + 20, SIDE // 2 - 10 : SIDE // 2 + 10].any()


def test_two_stretches_are_treated_apart_and_in_order() -> None:
    patches = run(course(flicker=curve(12, 15) + curve(38, 42)), crops())
    assert list(patches) == [12, 13, 14, 38, 39, 40, 41]


def test_modes_follow_one_another() -> None:
    pixels = crops()
    both = run(course(warp=curve(20, 24), flicker=curve(21, 23)), pixels)
    assert set(both) <= set(range(20, 24)) and set(both) >= {21, 22}


def test_a_small_face_gets_a_small_crop() -> None:
    assert [crop_side(px) for px in (60, 250, 400, 900)] == [256, 256, 512, 512]
