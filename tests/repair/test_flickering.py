"""How far each part of a face is to be averaged: by what averaging does to sound frames, and by how the head moves."""

from __future__ import annotations

import numpy as np

from facefix.repair.flickering import Evidence, movement, told

STILL = 1e-4
CHANGED = np.float32([[1e-3, 1e-3, 1e-4]] * 6)


def test_what_sound_frames_do_not_show_is_flicker() -> None:
    far = told(Evidence(CHANGED, 0.001 * CHANGED, STILL))
    assert min(far.light, far.middle, far.fine) > 0.95


def test_what_sound_frames_show_too_is_life() -> None:
    far = told(Evidence(CHANGED, np.float32([1e-6, 2e-3, 2e-4]) * np.ones((5, 1), np.float32), STILL))
    assert far.light > 0.95
    assert max(far.middle, far.fine) < 0.25


def test_a_head_that_moves_is_averaged_less() -> None:
    calm, quick = (told(Evidence(CHANGED, 0.01 * CHANGED, moved)) for moved in (STILL, 8e-3))
    assert quick.light < 0.5 * calm.light
    assert quick.middle < 0.5 * calm.middle


def test_single_frames_that_jump_say_little() -> None:
    sound = 0.001 * CHANGED
    sound[0] = 100 * CHANGED[0]
    assert told(Evidence(CHANGED, sound, STILL)).middle > 0.95


def test_without_sound_frames_it_is_as_usual_and_no_more() -> None:
    none = told(Evidence(CHANGED, np.zeros((0, 3), np.float32), STILL))
    few = told(Evidence(CHANGED, CHANGED[:2], STILL))
    assert none == few
    assert 0.5 < none.middle < 1


def test_frames_without_any_change_give_shares_all_the_same() -> None:
    far = told(Evidence(np.zeros((4, 3), np.float32), np.zeros((4, 3), np.float32), 0.0))
    assert (far.light, far.middle, far.fine) == (1, 1, 1)


def test_movement_is_that_of_the_path_and_not_of_its_jitter() -> None:
    rng = np.random.default_rng(0)
    jitter = rng.normal(0, 0.02, (40, 1, 2)) * np.ones((1, 50, 1))
    path = np.stack([0.02 * np.arange(40.0), np.zeros(40)], -1)[:, None] * np.ones((1, 50, 1))
    frames = range(10, 30)
    still, moving = (movement(points, frames, 4) for points in (jitter, path))
    # On average 7.5 squared steps away in each of 8 frames.
    assert 0.9 < moving / (7.5 * 0.02**2) < 1.1
    assert still < 0.2 * moving


def test_movement_of_a_single_frame_is_none() -> None:
    assert movement(np.zeros((1, 50, 2)), [0], 4) == 0
