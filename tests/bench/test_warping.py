"""The warping error: motion costs nothing, flicker does."""

from __future__ import annotations

import numpy as np
import pytest
from tests.bench.portrait import portrait

from facefix.bench.warping import motion, warping_error


def _sliding(count: int = 4, side: int = 128) -> np.ndarray:
    """A portrait that moves by whole pixels, without grain."""
    picture = portrait()[0][0].astype(np.float32) / 255
    return np.stack([picture[10 : 10 + side, 2 * t : 2 * t + side] for t in range(count)])


def test_what_moves_is_no_error_and_what_flickers_is() -> None:
    truth = _sliding()
    masks = np.ones(truth.shape[:3], np.float32)
    course = motion(truth)
    assert course.places.shape == (3, 128, 128, 2) and course.seen.mean() > 0.8
    inside = np.s_[:, 40:90, 40:90]
    still = np.stack(np.meshgrid(np.arange(128), np.arange(128)), -1)
    assert np.median(course.places[inside] - still[None][inside], axis=(0, 1, 2)) == pytest.approx([2, 0], abs=0.3)
    steady = warping_error(truth, course, masks)
    flicker = truth.copy()
    flicker[1::2] = np.clip(flicker[1::2] * 0.9, 0, 1)
    assert warping_error(flicker, course, masks) > 5 * steady


def test_what_the_predecessor_does_not_show_is_left_out() -> None:
    truth = _sliding(2)
    rng = np.random.default_rng(0)
    truth[1, 40:90, 40:90] = rng.random((50, 50, 3), np.float32)
    course = motion(truth)
    assert course.seen[0, 45:85, 45:85].mean() < 0.5 < course.seen[0, :30].mean()
    masks = np.zeros(truth.shape[:3], np.float32)
    masks[:, :30] = 1
    everywhere = warping_error(truth, course, np.ones_like(masks))
    assert warping_error(truth, course, masks) < everywhere


def test_a_single_frame_has_no_error() -> None:
    truth = _sliding(1)
    assert warping_error(truth, motion(truth), np.ones(truth.shape[:3], np.float32)) == 0
