"""What nobody foresaw: on paths drawn from what is known of faces, with and without a warp."""

from __future__ import annotations

import numpy as np
import pytest
from tests.faces.mesh.drawing import FPS, FRAMES, directions, drawn
from tests.faces.mesh.test_path import turning_head

from facefix.faces.mesh import shape
from facefix.faces.mesh.foresight import Foresight, unforeseen
from facefix.faces.mesh.likelihood import strongest
from facefix.faces.mesh.movement import WEIGHTS, Statistics, load
from facefix.faces.mesh.path import Steps, path
from facefix.models import zoo
from facefix.types import Span

MODEL = shape.load()
SPAN = Span(40, 56)
INSIDE, OUTSIDE = slice(44, 52), [*range(30), *range(70, FRAMES)]


@pytest.fixture(scope="module")
def known() -> Statistics:
    return load(zoo.checked(WEIGHTS))


def told(known: Statistics, numbers: np.ndarray, fps: float = FPS) -> np.ndarray:
    return unforeseen(known, strongest(known.faults["warp"]), numbers, fps)


@pytest.mark.parametrize("seed", range(3))
def test_a_warp_is_unforeseen_and_a_face_is_not(known: Statistics, seed: int) -> None:
    clean, added = drawn(known, "warp", SPAN, seed=seed)
    sound, bent = told(known, clean), told(known, clean + added)
    assert sound.max() < 10 < 50 < np.median(bent[INSIDE])
    assert np.median(bent[OUTSIDE]) < 10


def test_whoever_pulls_a_face_again_and_again_is_foreseen_to(known: Statistics) -> None:
    clean, _ = drawn(known, "warp", SPAN)
    grimace = 3 * np.linalg.inv(directions(known))[-5]
    bump = np.hanning(14)[:, None] * grimace
    once = clean.copy()
    once[42:56] += bump
    often = once.copy()
    for start in (4, 22, 64, 82):
        often[start : start + 14] += bump
    assert told(known, often)[INSIDE].max() < 0.7 * told(known, once)[INSIDE].max()


def test_faster_clips_are_told_alike(known: Statistics) -> None:
    clean, added = drawn(known, "warp", SPAN)
    twice = np.repeat(clean + added, 2, 0)
    fast = told(known, twice, 2 * FPS)
    assert len(fast) == 2 * FRAMES
    np.testing.assert_allclose(fast[::2], told(known, clean + added), rtol=1e-4, atol=1e-3)


def test_frames_that_are_not_trusted_do_not_bend_those_beside_them(known: Statistics) -> None:
    clean, added = drawn(known, "warp", SPAN)
    torn = clean.copy()
    torn[60:72] = clean[60:72] + np.random.default_rng(0).normal(0, 3, torn[60:72].shape) @ np.linalg.inv(directions(known))
    trusted = np.ones(FRAMES, bool)
    trusted[60:72] = False
    beside = [*range(50, 60), *range(72, 82)]
    warp = strongest(known.faults["warp"])
    assert np.median(told(known, torn)[beside]) > 100
    calm = unforeseen(known, warp, torn, FPS, trusted)
    assert calm[beside].max() < 10
    bent = unforeseen(known, warp, torn + added, FPS, trusted)
    assert np.median(bent[INSIDE]) > 50


def test_all_trusted_is_as_nobody_asked(known: Statistics) -> None:
    clean, added = drawn(known, "warp", SPAN)
    warp = strongest(known.faults["warp"])
    np.testing.assert_array_equal(
        unforeseen(known, warp, clean + added, FPS, np.ones(FRAMES, bool)), told(known, clean + added)
    )


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_of_a_few_frames_nothing_can_be_told(known: Statistics, frames: int) -> None:
    clean, _ = drawn(known, "warp", SPAN)
    short = told(known, clean[:frames])
    assert short.shape == (frames,) and np.isnan(short).all()


def test_steps_are_the_path_frame_by_frame(known: Statistics) -> None:
    meshes, steps = turning_head(), Steps(MODEL, known.axes)
    for mesh in meshes:
        steps.add(mesh)
    np.testing.assert_allclose(steps.numbers(), path(MODEL, meshes).numbers(known.axes), atol=1e-6)


def test_a_turning_head_is_nothing_new() -> None:
    foresight = Foresight(MODEL)
    steps = foresight.steps()
    for mesh in np.repeat(turning_head(), 2, 0):
        steps.add(mesh)
    values = foresight.read(steps, FPS)
    assert values.shape == (40,) and np.nanmax(values) < 5
