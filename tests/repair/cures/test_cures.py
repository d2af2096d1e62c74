"""Each cure on its own fault, at full strength, and the contract that all of them keep."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.repair.faces import SIDE, error, turning

from facefix.repair.cures import CURES, Patient
from facefix.repair.detail import texture_stats
from facefix.repair.restorers import RESTORERS

FPS = 24.0
FRAMES = 21


def patient(anchors: tuple[np.ndarray, ...] = ()) -> Patient:
    return Patient(RESTORERS["none"].load("cpu"), anchors, 256.0, FPS)


def treat(mode: str, crops: list[np.ndarray], anchors: tuple[np.ndarray, ...] = ()) -> list[np.ndarray]:
    cure = CURES[mode].start(patient(anchors))
    out = [treated for i, crop in enumerate(crops) for treated in cure.push(i + 5, crop)] + cure.flush()
    assert [frame for frame, _ in out] == list(range(5, 5 + len(crops)))
    return [pixels for _, pixels in out]


@pytest.mark.parametrize("mode", CURES)
def test_every_cure_holds_back_no_more_than_it_says_and_loses_no_frame(mode: str) -> None:
    cure, given = CURES[mode].start(patient()), 0
    for i, crop in enumerate(turning(FRAMES)):
        given += len(cure.push(i, crop))
        assert i + 1 - given <= CURES[mode].look_ahead(FPS)
    assert given + len(cure.flush()) == FRAMES


@pytest.mark.parametrize("mode", CURES)
def test_a_clean_face_is_hardly_changed_even_at_full_strength(mode: str) -> None:
    truth = turning(FRAMES)
    treated = treat(mode, truth, (truth[0],))
    assert sum(error(a, b) for a, b in zip(treated, truth, strict=True)) / FRAMES < (3 / 255) ** 2


def test_flicker_of_light_is_undone() -> None:
    truth, rng = turning(FRAMES), np.random.default_rng(2)
    coarse = [rng.standard_normal((5, 5, 3)).astype(np.float32) for _ in truth]
    light = [1 + 0.08 * cv2.resize(c, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for c in coarse]
    broken = [np.clip(crop * gain, 0, 1).astype(np.float32) for crop, gain in zip(truth, light, strict=True)]
    treated = treat("flicker", broken)
    before, after = (sum(error(a, b) for a, b in zip(some, truth, strict=True)) for some in (broken, treated))
    assert after < 0.5 * before


def test_wax_gets_back_the_roughness_of_the_anchors() -> None:
    rng = np.random.default_rng(3)
    pores = 0.03 * rng.standard_normal((SIDE, SIDE, 1)).astype(np.float32)
    rough = [np.clip(crop + pores, 0, 1).astype(np.float32) for crop in turning(FRAMES)]
    waxy = [cv2.bilateralFilter(crop, 9, 0.2, 5) for crop in rough]

    def roughness(crops: list[np.ndarray]) -> float:
        return float(np.median([texture_stats(crop).energy[:, 3:6, 2:6].sum(0) for crop in crops]))

    treated = treat("waxy", waxy, (rough[0], rough[7]))
    assert roughness(waxy) < 0.3 * roughness(rough)
    assert 0.5 * roughness(rough) < roughness(treated) < 1.5 * roughness(rough)
