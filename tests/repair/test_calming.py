from __future__ import annotations

import cv2
import numpy as np
from tests.repair.faces import FIVE, SIDE, face, mesh, meshes, turning

from facefix.faces.mesh.topology import TRIANGLES
from facefix.repair.calming import Calming, alike, kinship, steadiness
from facefix.repair.fusion import Fuser
from facefix.repair.mask import face_mask

FRAMES = 15
MIDDLE = range(4, 11)
WANTED = [True] * 9


def calmed(crops: list[np.ndarray]) -> list[np.ndarray]:
    fuser = Fuser(mesh(), TRIANGLES, 6, Calming(mesh(), FIVE, SIDE, 5))
    given = [f for t, (c, m) in enumerate(zip(crops, meshes(FRAMES), strict=True)) for f in fuser.push(t, c, c, m)]
    return [f.values for f in (*given, *fuser.flush())]


def in_the_face(a: np.ndarray, b: np.ndarray) -> float:
    return float((face_mask(FIVE, SIDE).face[..., None] * np.square(a - b)).sum())


def left(after: list[np.ndarray], before: list[np.ndarray], truth: list[np.ndarray]) -> float:
    gone = [sum(in_the_face(crops[t], truth[t]) for t in MIDDLE) for crops in (after, before)]
    return gone[0] / gone[1]


def test_light_that_is_new_in_every_frame_is_undone() -> None:
    truth, rng = turning(FRAMES), np.random.default_rng(1)
    shades = [
        cv2.resize(rng.standard_normal((4, 4)).astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for _ in truth
    ]
    broken = [np.clip(crop * (1 + 0.08 * shade[..., None]), 0, 1) for crop, shade in zip(truth, shades, strict=True)]
    assert left(calmed(broken), broken, truth) < 0.25


def test_a_ghost_is_voted_out() -> None:
    truth = turning(FRAMES)
    broken = [crop.copy() for crop in truth]
    broken[7] = 0.6 * truth[7] + 0.4 * np.roll(truth[7], (9, 12), (0, 1))
    assert in_the_face(calmed(broken)[7], truth[7]) < 0.35 * in_the_face(broken[7], truth[7])


def test_a_clean_face_stays_as_it_is() -> None:
    truth = turning(FRAMES)
    inner = face_mask(FIVE, SIDE).face.sum() * 3
    after = calmed(truth)
    assert max(in_the_face(after[t], truth[t]) / inner for t in range(FRAMES)) < (1.5 / 255) ** 2


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


def test_a_few_frames_are_enough_and_a_lone_one_is_unchanged() -> None:
    assert steadiness(np.zeros((3, 8, 8, 3), np.float32), 1, 2.0).min() == 1
    crop = face()
    fuser = Fuser(mesh(), TRIANGLES, 6, Calming(mesh(), FIVE, SIDE, 5))
    assert fuser.push(0, crop, crop, mesh()) == []
    assert fuser.flush()[0].values is crop
