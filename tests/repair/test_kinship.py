from __future__ import annotations

import cv2
import numpy as np

from facefix.repair.kinship import alike, kinship, steadiness

WANTED = [True] * 9


def test_frames_that_look_the_same_way_speak_for_one_another() -> None:
    turned = np.zeros((9, 478, 3), np.float32)
    turned[5:] = 0.5
    share = alike([(turned, 0.1)], 10.0, 2, WANTED)
    assert abs(share.sum() - 1) < 0.02
    assert share[:5].sum() > 5 * share[5:].sum()


def test_sound_frames_count_for_more() -> None:
    share = alike([], 10.0, 4, [False, *WANTED[1:]])
    assert share[0] > share[8]


def test_eyes_that_look_elsewhere_do_not_speak_for_those_that_do_not() -> None:
    """Of nine frames four look to the right; the centre does too."""
    lumas = np.zeros((9, 64, 64), np.float32)
    for t in range(9):
        cv2.circle(lumas[t], (24 if t < 5 else 40, 32), 5, -0.4, -1)
    same = kinship(lumas, 3)
    assert same[:5, 32, 24].min() > 0.9
    assert same[5:, 32, 24].max() < 0.1


def test_a_broken_centre_finds_all_others_speaking_for_it() -> None:
    lumas = np.zeros((9, 64, 64), np.float32)
    cv2.circle(lumas[4], (24, 32), 5, -0.4, -1)
    assert kinship(lumas, 4).min() > 0.9


def test_steady_change_is_no_flicker() -> None:
    noise = np.random.default_rng(2).standard_normal((11, 32, 32, 3)).astype(np.float32)
    bent = np.square(np.linspace(-5, 5, 11, dtype=np.float32))[:, None, None, None] * np.ones((1, 32, 32, 3), np.float32)
    flat, kept = steadiness(0.1 * noise, 5, 5.0), steadiness(bent, 5, 5.0)
    assert flat[0].mean() > 0.5
    assert kept[0].mean() < 0.1
    assert kept[5].min() == flat[5].min() == 1


def test_a_few_frames_are_enough() -> None:
    assert steadiness(np.zeros((3, 8, 8, 3), np.float32), 1, 2.0).min() == 1
