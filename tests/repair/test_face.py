"""The course of treatment of one face: doses, windows, masks, and nothing where nothing is asked."""

from __future__ import annotations

import numpy as np
from tests.repair.faces import FIVE, SIDE, mesh, meshes, turning

from facefix.faces.align import FFHQ_TEMPLATE
from facefix.faces.mesh.framing import five_points
from facefix.faces.mesh.topology import TRIANGLES
from facefix.repair.cures import CURES, Patient, Sight
from facefix.repair.face import Course, FaceRepair, crop_side
from facefix.repair.restorers import RESTORERS
from facefix.repair.restorers.rounds import Rounds
from facefix.types import Crop, Patch, Span

FRAMES = 34
IN_CROP = (FFHQ_TEMPLATE * SIDE / 512).astype(np.float32)
POINTS = IN_CROP + np.float32([30, 20])
SHIFT = np.float32([[1, 0, -30], [0, 1, -20]])
SPAN = Span(10, 10 + FRAMES)


def course(**strength: np.ndarray) -> FaceRepair:
    patient = Patient(Rounds(RESTORERS["none"].load("cpu")), None, (), mesh(), TRIANGLES, 256.0, 24.0, FIVE, SIDE)
    return FaceRepair(Course(SPAN, strength, patient))


def curve(start: int, end: int, value: float = 1.0) -> np.ndarray:
    values = np.zeros(FRAMES, np.float32)
    values[start - SPAN.start : end - SPAN.start] = value
    return values


def crops() -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    return [np.clip(c * (1 + 0.1 * rng.standard_normal()), 0, 1).astype(np.float32) for c in turning(FRAMES)]


def run(face: FaceRepair, pixels: list[np.ndarray], shift_px: float = 0.0) -> dict[int, Patch]:
    """Patches by frame; `shift_px`: how far to the left the nose belongs."""
    patches, path = [], meshes(len(pixels))
    for i, crop in enumerate(pixels):
        frame, wanted = SPAN.start + i, path[i].copy()
        far = np.linalg.norm((path[i] - path[i][1])[:, :2], axis=1)
        wanted[:, 0] -= shift_px * np.exp(-((far / 30) ** 2))
        if face.wants(frame):
            points = five_points(path[i]) + np.float32([30, 20]) if shift_px else POINTS
            patches += face.push(Crop(frame, crop, SHIFT), points, path[i], wanted)
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
        assert np.allclose(half[frame].residual, 0.5 / CURES["flicker"].full_at * patch.residual, atol=1e-6)


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


class Counting:
    """A restorer that changes nothing and counts."""

    def __init__(self) -> None:
        self.asked = 0

    def restore(self, crops: np.ndarray, source_px: float) -> np.ndarray:
        self.asked += len(crops)
        return crops


def test_a_cure_is_asked_about_what_it_treats_and_looks_at_alone() -> None:
    pixels, counting = crops(), Counting()
    both = {"flicker": curve(12, 18), "waxy": curve(34, 38)}
    patient = Patient(Rounds(counting), None, (), mesh(), TRIANGLES, 256.0, 24.0, FIVE, SIDE)
    patches = run(FaceRepair(Course(SPAN, both, patient)), pixels)
    assert counting.asked == 4 + 2 * CURES["waxy"].look_ahead(24.0)
    alone = run(course(flicker=both["flicker"]), pixels) | run(course(waxy=both["waxy"]), pixels)
    assert patches.keys() == alone.keys()
    for frame, patch in patches.items():
        np.testing.assert_array_equal(patch.residual, alone[frame].residual)


def test_features_are_moved_to_where_they_belong_within_the_face() -> None:
    pixels = turning(FRAMES)
    patches = run(course(warp=curve(20, 22)), pixels, shift_px=5)
    assert {20, 21} <= set(patches)
    before, nose = pixels[20 - SPAN.start], meshes(FRAMES)[20 - SPAN.start][1, :2].round().astype(int)
    around = np.s_[nose[1] - 6 : nose[1] + 7, nose[0] - 9 : nose[0] + 2]
    shifted, after = np.roll(before, -5, axis=1), before + patches[20].residual
    assert np.square(after - shifted)[around].mean() < 0.25 * np.square(before - shifted)[around].mean()
    assert not patches[20].residual[patches[20].mask == 0].any()


def test_a_small_face_gets_a_small_crop() -> None:
    assert [crop_side(px) for px in (60, 250, 400, 900)] == [256, 256, 512, 512]


def test_a_witness_sees_each_cure_and_the_first_from_the_clip_as_it_is() -> None:
    pixels = crops()
    face, told = course(warp=curve(20, 24), flicker=curve(22, 27)), {}

    def see(mode: str, before: Sight, after: Sight) -> None:
        told[mode, before.frame] = before, after

    face.witness = see
    patches = run(face, pixels, shift_px=5)
    assert set(told) == {("warp", f) for f in range(20, 24)} | {("flicker", f) for f in range(22, 27)}
    for frame in range(20, 27):
        mode = "warp" if frame < 24 else "flicker"
        before, _ = told[mode, frame]
        assert before.pixels is pixels[frame - SPAN.start]
        np.testing.assert_array_equal(before.mesh, meshes(FRAMES)[frame - SPAN.start])
    assert told["flicker", 23][0].pixels is told["warp", 23][1].pixels
    last = told["flicker", 23][1]
    np.testing.assert_allclose(last.pixels - pixels[23 - SPAN.start], patches[23].residual, atol=1e-6)
    assert (last.mesh[1] - told["warp", 23][0].mesh[1])[0] < -4
