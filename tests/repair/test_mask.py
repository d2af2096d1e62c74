from __future__ import annotations

import numpy as np
import pytest

from facefix.repair.mask import face_mask

FRONTAL = np.float32([[193, 240], [319, 240], [256, 314], [201, 371], [313, 371]])


def at(weights: np.ndarray, x: float, y: float) -> float:
    return float(weights[round(y), round(x)])


@pytest.mark.parametrize("side", [256, 512])
def test_the_face_is_in_and_its_surroundings_are_out(side: int) -> None:
    scale = side / 512
    mask = face_mask(FRONTAL * scale, side)
    for x, y in FRONTAL * scale:
        assert at(mask.face, x, y) > 0.95
    for x, y in [(256, 20), (256, 508), (40, 256), (470, 256), (110, 480), (400, 480)]:
        assert at(mask.face, x * scale, y * scale) == 0
    assert at(mask.face, 256 * scale, 430 * scale) > 0.1, "the chin"
    assert mask.face.max() <= 1
    assert mask.face.min() == 0


def test_the_edge_is_soft() -> None:
    face = face_mask(FRONTAL, 512).face
    assert max(np.abs(np.diff(face, axis=0)).max(), np.abs(np.diff(face, axis=1)).max()) < 0.06
    assert not face[[0, -1]].any()
    assert not face[:, [0, -1]].any()


def test_eyes_and_mouth_can_be_spared_apart() -> None:
    mask = face_mask(FRONTAL, 512)
    spared = mask.weighted(eyes=0.2, mouth=1)
    assert abs(at(spared, 193, 240) - 0.2) < 0.05
    assert at(spared, 256, 371) > 0.95
    spared = mask.weighted(eyes=1, mouth=0)
    assert at(spared, 256, 371) < 0.01
    assert at(spared, 193, 240) > 0.95
    assert at(spared, 256, 300) > 0.95, "the nose is neither"


def test_a_turned_face_moves_the_mask_against_the_nose() -> None:
    turned = FRONTAL.copy()
    turned[:, 0] = [230, 300, 310, 235, 296]  # the nose to image right: the cheek at image left shows
    mask = face_mask(turned, 512).face
    centre = (mask.sum(0) @ np.arange(512)) / mask.sum()
    assert centre < turned[[0, 1, 3, 4], 0].mean() - 10


def test_points_that_coincide_give_a_mask_without_nan() -> None:
    assert np.isfinite(face_mask(np.full((5, 2), 128, np.float32), 256).face).all()


def test_the_firm_face_ends_where_the_soft_one_does_and_counts_in_full_nearly_to_there() -> None:
    mask = face_mask(FRONTAL, 512)
    assert np.array_equal(mask.firm > 0, mask.face > 0) and mask.firm.max() <= 1
    assert (mask.firm >= mask.face).all() and mask.firm[mask.face > 0.35].min() == 1
    assert max(np.abs(np.diff(mask.firm, axis=0)).max(), np.abs(np.diff(mask.firm, axis=1)).max()) < 0.2
