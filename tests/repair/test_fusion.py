from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from tests.repair.faces import SIDE, bulge, error, face, turning

from facefix.repair.fusion import Fuser, Recipe, fuse, jitter_share, robust_kernel

FRAMES = 13
MIDDLE = slice(3, 10)


def run(values: Sequence[np.ndarray], guides: Sequence[np.ndarray], recipe: Recipe) -> list[np.ndarray]:
    fuser = Fuser(recipe)
    fused = [f for i, (v, g) in enumerate(zip(values, guides, strict=True)) for f in fuser.push(i + 7, v, g)]
    fused += fuser.flush()
    assert [f.frame for f in fused] == list(range(7, 7 + len(values)))
    return [f.values for f in fused]


def total(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> float:
    return sum(error(x, y) for x, y in zip(a, b, strict=True))


def shading(seed: int) -> np.ndarray:
    """Coarse light and tint that a generator draws anew in every frame."""
    coarse = np.random.default_rng(seed).standard_normal((5, 5, 3)).astype(np.float32)
    return 1 + 0.08 * cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


def test_flickering_light_is_undone_on_a_moving_face() -> None:
    truth = turning(FRAMES)
    broken = [np.clip(crop * shading(t), 0, 1) for t, crop in enumerate(truth)]
    fused = run(broken, broken, Recipe(radius=3))
    assert total(fused[MIDDLE], truth[MIDDLE]) < 0.5 * total(broken[MIDDLE], truth[MIDDLE])


def test_a_clean_track_stays_what_it_is() -> None:
    truth = turning(FRAMES)
    fused = run(truth, truth, Recipe(radius=3))
    assert total(fused, truth) / FRAMES < (1.5 / 255) ** 2


def test_light_that_changes_smoothly_is_kept() -> None:
    truth = [crop * np.float32(0.7 + 0.03 * t) for t, crop in enumerate(turning(FRAMES))]
    fused = run(truth, truth, Recipe(radius=3))
    assert total(fused[MIDDLE], truth[MIDDLE]) / len(fused[MIDDLE]) < (2.5 / 255) ** 2


def test_a_ghost_in_one_frame_is_voted_out_and_leaves_no_trace_in_others() -> None:
    truth = turning(FRAMES)
    broken = [crop.copy() for crop in truth]
    broken[6][150:190, 100:160] = 0.5 * broken[6][150:190, 100:160] + 0.5 * broken[6][100:140, 60:120]
    fused = run(broken, broken, Recipe(radius=3, careful=False, places=False))
    assert error(fused[6], truth[6]) < 0.35 * error(broken[6], truth[6])
    for t in (4, 5, 7, 8):
        assert error(fused[t], truth[t]) < 0.05 * error(broken[6], truth[6])


def test_jittering_features_are_put_back_to_their_path() -> None:
    truth = turning(FRAMES)
    steps = np.random.default_rng(5).normal(0, 3, (FRAMES, 2))
    broken = [bulge(crop, 128, 150, *step) for crop, step in zip(truth, steps, strict=True)]
    fused = run(broken, broken, Recipe(radius=3, colours=False))
    assert total(fused[MIDDLE], truth[MIDDLE]) < 0.6 * total(broken[MIDDLE], truth[MIDDLE])


def test_a_feature_that_travels_smoothly_is_left_alone() -> None:
    still = face()
    truth = [bulge(still, 128, 190, 0, 0.9 * t - 5) for t in range(FRAMES)]
    fused = run(truth, truth, Recipe(radius=3))
    damage = error(bulge(still, 128, 190, 0, 2), still)
    assert total(fused, truth) / FRAMES < 0.05 * damage


def test_noise_of_a_restorer_is_averaged_along_the_motion() -> None:
    guides = turning(FRAMES)
    steady = [np.repeat((g - cv2.GaussianBlur(g, (0, 0), 3)).mean(2, keepdims=True), 3, 2) for g in guides]
    noise = np.random.default_rng(2)
    noisy = [r + noise.normal(0, 0.05, r.shape).astype(np.float32) for r in steady]
    fused = run(noisy, guides, Recipe(radius=3, careful=False, places=False))
    assert total(fused[MIDDLE], steady[MIDDLE]) < 0.35 * total(noisy[MIDDLE], steady[MIDDLE])


def test_a_cut_inside_the_window_is_not_mixed_in() -> None:
    crop = face()
    other = np.ascontiguousarray(crop[::-1, ::-1])
    window = [other, other, crop, crop, crop]
    fused = fuse(window, 2, window, Recipe(radius=2, careful=False, places=False))
    assert error(fused, crop) < 0.02 * error(other, crop)


def test_frames_at_the_ends_are_given_and_a_lone_frame_is_unchanged() -> None:
    crop = face()
    assert run([crop], [crop], Recipe(radius=3))[0] is crop
    short = turning(3)
    assert total(run(short, short, Recipe(radius=5)), short) < 3 * (1.5 / 255) ** 2


def test_results_come_out_one_radius_late_and_memory_stays_bounded() -> None:
    crop = face()
    fuser = Fuser(Recipe(radius=2))
    given = [len(fuser.push(t, crop, crop)) for t in range(9)]
    assert given == [0, 0] + [1] * 7
    assert len(fuser._held) <= 5


def test_a_gap_is_refused() -> None:
    crop = face()
    fuser = Fuser()
    fuser.push(3, crop, crop)
    with pytest.raises(ValueError, match="flush"):
        fuser.push(5, crop, crop)
    fuser.flush()
    fuser.push(5, crop, crop)


@pytest.mark.parametrize("curvature", [0.0, 0.3, 1.0])
def test_the_kernel_sums_to_one_and_keeps_lines(curvature: float) -> None:
    times = np.linspace(-1, 1, 7, dtype=np.float32)
    samples = np.broadcast_to((0.5 + 0.001 * times)[:, None, None], (7, 16, 16)).astype(np.float32)
    kernel = robust_kernel(samples, np.ones((7, 16, 16), np.float32), times, curvature)
    np.testing.assert_allclose(kernel.sum(0), 1, atol=1e-4)
    np.testing.assert_allclose((kernel * samples).sum(0), 0.5, atol=1e-4)


def test_jitter_is_told_from_motion() -> None:
    t = np.arange(7, dtype=np.float32)[:, None, None, None]
    ones = np.ones((7, 64, 64, 2), np.float32)
    assert jitter_share(np.float32(0.8) * t * ones).max() < 0.05
    assert jitter_share(np.sin(t / 3) * ones).max() < 0.05
    white = np.random.default_rng(1).standard_normal((7, 64, 64, 2)).astype(np.float32)
    assert jitter_share(white).mean() > 0.9
    assert not jitter_share(white[:2]).any()
