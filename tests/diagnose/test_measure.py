"""Signals on a real face crop, moved, smoothed and disturbed by known amounts."""

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from facefix.diagnose.features import nobody
from facefix.diagnose.measure import SIDE, SIGNALS, Meter
from facefix.types import Crop, Face, Pose

HALF = SIDE // 2
"""The portrait is small: it is disturbed at this side and enlarged for the meter."""
POINTS = np.array([[199, 109], [238, 106], [223, 133], [208, 153], [240, 151]], np.float32)


def _crop() -> np.ndarray:
    """The astronaut's face in the template, (HALF, HALF, 3) 0..1."""
    template = np.array([[193, 240], [319, 240], [257, 314], [201, 371], [313, 371]], np.float32) / 2
    matrix, _ = cv2.estimateAffinePartial2D(POINTS, template)
    return cv2.warpAffine(astronaut(), matrix, (HALF, HALF), flags=cv2.INTER_CUBIC).astype(np.float32) / 255


def _signals(
    frames: list[np.ndarray],
    identity: list[np.ndarray | None] | None = None,
    known: list[float] | None = None,
    faulty: range = range(0),
) -> dict[str, np.ndarray]:
    meter, rng = Meter(), np.random.default_rng(0)
    for i, pixels in enumerate(frames):
        noisy = np.clip(pixels + rng.normal(0, 0.004, pixels.shape), 0, 1).astype(np.float32)
        face = Face(i, np.array([0, 0, 9, 9], np.float32), POINTS, 0.9, identity=identity[i] if identity else None)
        meter.push(
            Crop(i, cv2.resize(noisy, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.eye(2, 3, dtype=np.float32)),
            face,
            Pose(0, 0, 0),
            200.0,
            known[i] if known else np.nan,
        )
    told = meter.finish()
    bad = np.isin(np.arange(len(frames)), faulty)
    return told | {"identity_distance": meter.identity_distance(nobody(told, 25.0), bad)}


@pytest.fixture(scope="module")
def still() -> dict[str, np.ndarray]:
    return _signals([_crop()] * 36)


def test_every_signal_has_one_value_per_frame(still: dict[str, np.ndarray]) -> None:
    assert list(still) == list(SIGNALS)
    assert all(v.shape == (36,) for v in still.values())
    assert np.isnan(still["identity_distance"]).all(), "nothing was embedded, so nothing was measured"


def test_motion_of_the_whole_face_is_no_boil() -> None:
    crop = _crop()
    moved = []
    for i in range(36):
        m = cv2.getRotationMatrix2D((128, 128), 3 * np.sin(i / 5), 1 + 0.03 * np.sin(i / 7))
        moved.append(cv2.warpAffine(crop, m, (HALF, HALF), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))
    assert np.nanmax(_signals(moved)["boil"]) < 2


def test_resampled_texture_boils_and_light_that_changes_everywhere_does_not(still: dict[str, np.ndarray]) -> None:
    crop, rng = _crop(), np.random.default_rng(3)
    y, x = np.mgrid[0:HALF, 0:HALF]
    face = np.exp(-((((x - 128) / 60) ** 2 + ((y - 145) / 75) ** 2) ** 2))[..., None]
    noisy = [
        np.clip(crop + 0.12 * face * cv2.GaussianBlur(rng.normal(0, 6, crop.shape), (0, 0), 5), 0, 1).astype(np.float32)
        for _ in range(36)
    ]
    flash = [crop * (0.8 if i % 2 else 1.0) for i in range(36)]
    assert np.nanmedian(_signals(noisy)["boil"]) > np.nanmedian(still["boil"]) + 3
    assert np.nanmedian(_signals(noisy)["shading"]) > np.nanmedian(still["shading"]) + 1
    lit = _signals(flash)
    assert np.nanmedian(lit["shading"]) < np.nanmedian(still["shading"]) + 1
    assert np.nanmedian(lit["flash"]) > 15 > 2 > np.nanmax(_signals(noisy)["flash"])


def test_a_face_that_moves_fast_under_steady_light_has_no_jumping_shades() -> None:
    crop = _crop()
    moved = []
    for i in range(24):
        shift = np.float32([[1, 0, 6 * (i % 2)], [0, 1, 4 * (i % 3)]])
        moved.append(cv2.warpAffine(crop, shift, (HALF, HALF), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))
    assert np.nanmax(_signals(moved)["shading"]) < 2


def test_smoothed_skin_loses_detail_but_the_crop_stays_crisp() -> None:
    crop = _crop()
    y, x = np.mgrid[0:HALF, 0:HALF]
    face = np.exp(-((((x - 128) / 60) ** 2 + ((y - 145) / 75) ** 2) ** 3))[..., None].astype(np.float32)
    smooth = cv2.GaussianBlur(crop, (0, 0), 2.5)  # the portrait is small: its finest detail spans several crop px
    waxy = _signals([crop] * 15 + [crop * (1 - face) + smooth * face] * 15)
    assert np.median(waxy["detail"][15:]) < 0.7 * np.median(waxy["detail"][:15])
    assert np.median(waxy["crispness_out"][15:]) > 0.9 * np.median(waxy["crispness_out"][:15])


def test_one_smeared_cheek_is_no_wax() -> None:
    crop = _crop()
    _, x = np.mgrid[0:HALF, 0:HALF]
    left = np.clip((128 - x) / 10, 0, 1)[..., None].astype(np.float32)
    smeared = crop * (1 - left) + cv2.GaussianBlur(crop, (0, 0), 3) * left
    detail = _signals([crop] * 15 + [smeared] * 15)["detail"]
    assert np.median(detail[15:]) > 0.9 * np.median(detail[:15])


def test_identity_distance_is_taken_to_the_early_frames() -> None:
    rng = np.random.default_rng(5)
    base, away = rng.normal(0, 0.1, 128), rng.normal(0, 0.1, 128)
    identity = [(base + away * max(0, i - 12) / 24).astype(np.float32) if i % 3 == 0 else None for i in range(36)]
    distance = _signals([_crop()] * 36, identity)["identity_distance"]
    assert np.isnan(distance[1])
    assert distance[12] < 0.05
    assert distance[33] == pytest.approx(np.linalg.norm(away) * 21 / 24, abs=0.05)


def test_a_face_that_has_melted_is_blurred_or_faulty_is_no_anchor_of_identity() -> None:
    rng = np.random.default_rng(5)
    person, other = (rng.normal(0, 0.1, 128).astype(np.float32) for _ in range(2))
    identity = [(other if i < 15 else person) if i % 3 == 0 else None for i in range(36)]
    distance = _signals([_crop()] * 36, identity, [0.5] * 15 + [0.93] * 21)["identity_distance"]
    assert np.isnan(distance[:15]).all(), "what cannot be made out looks like nobody"
    assert distance[18] < 0.05
    blurred = [cv2.GaussianBlur(_crop(), (0, 0), 4)] * 15 + [_crop()] * 21
    distance = _signals(blurred, identity)["identity_distance"]
    assert np.isnan(distance[:12]).all() and distance[18] < 0.05
    distance = _signals([_crop()] * 36, identity, faulty=range(15))["identity_distance"]
    assert distance[0] > 0.5 and distance[18] < 0.05, "a faulty face is held against the sound one"
    assert _signals([_crop()] * 36, identity, faulty=range(36))["identity_distance"][0] < 0.05
