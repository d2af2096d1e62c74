"""A head that shakes with a flicker is held still; one that moves is not."""

from __future__ import annotations

import numpy as np

from facefix.faces.mesh import shape
from facefix.faces.mesh.steadying import shaking, steadied
from facefix.types import Span

FRAMES, SPAN = 80, Span(30, 60)
INSIDE = np.array([t in SPAN for t in range(FRAMES)])
EYES_PX = 100.0


def still() -> np.ndarray:
    """(FRAMES, 478, 3) a face that sways slowly."""
    mean = shape.load().mean.astype(np.float32)
    size = EYES_PX / float(np.linalg.norm(mean[33] - mean[263]))
    sway = 3 * np.sin(np.arange(FRAMES) / 15)[:, None, None] * np.float32([1, 0.5, 0])
    return (300 + size * mean[None] + sway).astype(np.float32)


def shaken(share: float = 0.005, frames: np.ndarray = INSIDE) -> np.ndarray:
    rng = np.random.default_rng(1)
    shift = share * EYES_PX * rng.standard_normal((FRAMES, 1, 3)) * [1, 1, 0]
    return (still() + frames[:, None, None] * shift).astype(np.float32)


def off(meshes: np.ndarray) -> float:
    return float(np.square(meshes - still())[INSIDE].mean())


def test_a_shake_of_the_head_is_taken_out() -> None:
    assert off(steadied(shaken(), SPAN, ~INSIDE, 0.6)) < 0.5 * off(shaken())


def test_frames_beside_the_finding_are_the_very_same() -> None:
    out = steadied(shaken(), SPAN, ~INSIDE, 0.6)
    np.testing.assert_array_equal(out[~INSIDE], shaken()[~INSIDE])


def test_a_clean_head_is_let_be() -> None:
    np.testing.assert_array_equal(steadied(still(), SPAN, ~INSIDE, 0.6), still())


def test_a_head_that_is_shaken_all_the_time_is_let_be() -> None:
    always = shaken(frames=np.ones(FRAMES, bool))
    np.testing.assert_array_equal(steadied(always, SPAN, ~INSIDE, 0.6), always)


def test_a_nod_is_movement() -> None:
    nod = still()
    nod[..., 1] += (8 * np.sin(np.arange(FRAMES) * 2 * np.pi / 10) * INSIDE)[:, None].astype(np.float32)
    assert np.abs(steadied(nod, SPAN, ~INSIDE, 0.6) - nod).max() < 1.0


def test_without_sound_frames_nothing_is_changed() -> None:
    np.testing.assert_array_equal(steadied(shaken(), Span(0, FRAMES), np.zeros(FRAMES, bool), 0.6), shaken())


def test_light_alone_moves_no_features() -> None:
    assert shaking(still(), SPAN, ~INSIDE, 0.6) < 0.05
    boiling = still() + INSIDE[:, None, None] * np.random.default_rng(2).standard_normal((FRAMES, 478, 3)).astype(np.float32)
    assert shaking(boiling.astype(np.float32), SPAN, ~INSIDE, 0.6) == 1
    assert shaking(still(), Span(0, FRAMES), np.zeros(FRAMES, bool), 0.6) == 1
