from __future__ import annotations

import cv2
import numpy as np
from tests.repair.faces import FIVE, SIDE, bulge, face, mesh, meshes, turning

from facefix.faces.mesh.topology import TRIANGLES
from facefix.repair.calming import Calming
from facefix.repair.flickering import Flickers
from facefix.repair.fusion import Fuser
from facefix.repair.mask import face_mask

FRAMES = 15
MIDDLE = range(4, 11)


def calmed(crops: list[np.ndarray], flickers: Flickers | None = None) -> list[np.ndarray]:
    far = {} if flickers is None else dict.fromkeys(range(FRAMES), flickers)
    fuser = Fuser(mesh(), TRIANGLES, 6, Calming(mesh(), FIVE, SIDE, 5, far))
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


def test_where_light_alone_flickers_features_stay_each_frames_own() -> None:
    truth = turning(FRAMES)
    # Features that move by themselves, as lips do: averaging would take that for noise.
    lively = [bulge(crop, 128, 150, 0, 5 * (-1) ** t) for t, crop in enumerate(truth)]
    broken = [np.clip(crop * (1 + 0.12 * (-1) ** (t // 2)), 0, 1).astype(np.float32) for t, crop in enumerate(lively)]
    own, fused = (left(calmed(broken, far), broken, lively) for far in (Flickers(1, 0, 0), None))
    assert own < 0.15
    assert own < 0.6 * fused


def test_light_is_changed_by_a_factor_so_that_contrast_is_what_it_was() -> None:
    truth = turning(FRAMES)
    broken = [crop * np.float32(0.7 if t == 7 else 1.0) for t, crop in enumerate(truth)]
    after = calmed(broken, Flickers(1, 0, 0))[7]
    inner = np.s_[100:150, 100:150]
    fine = [float((crop - cv2.GaussianBlur(crop, (0, 0), 2))[inner].std()) for crop in (truth[7], broken[7], after)]
    assert fine[1] < 0.75 * fine[0]
    assert 0.93 * fine[0] < fine[2] < 1.07 * fine[0]


def test_what_does_not_flicker_at_all_is_not_changed() -> None:
    truth = turning(FRAMES)
    broken = [bulge(crop, 128, 150, 0, 5 * (-1) ** t) for t, crop in enumerate(truth)]
    after = calmed(broken, Flickers(0, 0, 0))
    np.testing.assert_allclose(after[7], broken[7], atol=1e-6)


def test_a_part_that_flickers_half_is_changed_half() -> None:
    truth = turning(FRAMES)
    broken = [bulge(crop, 128, 150, 0, 5 * (-1) ** t) for t, crop in enumerate(truth)]
    full, half = (calmed(broken, Flickers(0, share, share))[7] - broken[7] for share in (1.0, 0.5))
    np.testing.assert_allclose(half, full / 2, atol=1e-4)


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


def test_a_lone_frame_is_unchanged() -> None:
    crop = face()
    fuser = Fuser(mesh(), TRIANGLES, 6, Calming(mesh(), FIVE, SIDE, 5))
    assert fuser.push(0, crop, crop, mesh()) == []
    assert fuser.flush()[0].values is crop
