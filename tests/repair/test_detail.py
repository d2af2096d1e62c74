from __future__ import annotations

import cv2
import numpy as np
from tests.repair.faces import SIDE, face

from facefix.repair.detail import _medians, grain, moderate, regrain, texture_stats, usual_texture


def textured(seed: int = 4) -> np.ndarray:
    noise = grain(SIDE, seed)
    pores = noise - cv2.GaussianBlur(noise, (0, 0), 2)
    return np.clip(face() + 0.02 * pores[..., None], 0, 1)


def waxy() -> np.ndarray:
    return cv2.bilateralFilter(textured(), 9, 0.15, 4)


def test_light_colour_and_shape_stay_the_inputs() -> None:
    crop = face()
    restored = np.clip(crop * np.float32([1.2, 0.9, 0.8]) + 0.1, 0, 1)
    residual = moderate(crop, restored, 1.0)
    assert np.abs(cv2.GaussianBlur(residual, (0, 0), 12)).max() < 0.03
    np.testing.assert_array_equal(residual[..., 0], residual[..., 2])


def test_fine_detail_is_the_restorers_by_its_strength() -> None:
    crop, sharp = cv2.GaussianBlur(face(), (0, 0), 1.5), face()
    full, half = moderate(crop, sharp, 1.0), moderate(crop, sharp, 0.5)
    np.testing.assert_allclose(full, 2 * half, atol=1e-6)
    assert np.square(crop + full - sharp).mean() < 0.3 * np.square(crop - sharp).mean()
    assert not moderate(crop, crop, 1.0).any()


def test_lost_texture_comes_back_to_the_references_level_and_not_beyond() -> None:
    reference = texture_stats(textured())
    crop = waxy()
    inner = slice(1, -1)
    lost = texture_stats(crop).energy[:3, inner, inner].mean()
    back = texture_stats(np.clip(crop + regrain(crop, reference, 1.0), 0, 1)).energy[:3, inner, inner].mean()
    wanted = reference.energy[:3, inner, inner].mean()
    assert lost < 0.5 * wanted
    assert 0.6 * wanted < back < 1.3 * wanted


def test_a_face_that_is_rough_enough_is_left_alone() -> None:
    crop = textured()
    smoother = texture_stats(waxy())
    assert np.abs(regrain(crop, smoother, 1.0)).mean() < 0.1 / 255


def test_edges_do_not_ring() -> None:
    reference = texture_stats(textured())
    step = np.full((SIDE, SIDE, 3), 0.3, np.float32)
    step[:, SIDE // 2 :] = 0.7
    step = cv2.GaussianBlur(step, (0, 0), 1)
    residual = regrain(step, reference, 1.0, noise=np.zeros((SIDE, SIDE), np.float32))
    assert np.abs(residual).max() < 0.02


def test_strength_and_grain_are_deterministic() -> None:
    reference, crop = texture_stats(textured()), waxy()
    np.testing.assert_array_equal(regrain(crop, reference, 0.5), regrain(crop, reference, 0.5))
    np.testing.assert_allclose(2 * regrain(crop, reference, 0.5), regrain(crop, reference, 1.0), atol=1e-6)
    assert not regrain(crop, reference, 0.0).any()


def test_one_rough_frame_does_not_make_the_reference() -> None:
    smooth, rough = waxy(), np.clip(face() + 0.2 * grain(SIDE, 1)[..., None], 0, 1)
    usual = usual_texture([smooth, rough, smooth])
    assert usual is not None and usual_texture([]) is None
    np.testing.assert_allclose(usual.energy, texture_stats(smooth).energy)


def test_medians_are_those_of_numpy() -> None:
    for size in (1, 2, 7, 64):
        cells = np.random.default_rng(size).random((3, 4, size), np.float32)
        expected = np.median(cells, axis=2)
        np.testing.assert_array_equal(_medians(cells), expected)
