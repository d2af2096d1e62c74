from __future__ import annotations

import cv2
import numpy as np
import pytest

from facefix.faces import align
from facefix.types import Face

PROFILE = np.array([[100.0, 50.0], [102.0, 50.5], [80.0, 70.0], [95.0, 92.0], [96.0, 92.0]])


def turned(points: np.ndarray, degrees: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    a = np.radians(degrees)
    return scale * points @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + shift


@pytest.mark.parametrize("degrees", [0, 30, 170, -95])
@pytest.mark.parametrize("scale", [0.05, 1, 7])
def test_transform_undoes_a_known_similarity(degrees: float, scale: float) -> None:
    points = turned(align.FFHQ_TEMPLATE, degrees, scale, (40, -7))
    assert align.apply(align.transform(points), points) == pytest.approx(align.FFHQ_TEMPLATE, abs=1e-2)


def test_transform_of_another_size_shows_the_same_piece_of_the_picture() -> None:
    points = turned(align.FFHQ_TEMPLATE, 12, 0.3, (200, 100))
    corners = {}
    for size in (64, 512):
        edges = np.array([[-0.5, -0.5], [size - 0.5, size - 0.5]])
        corners[size] = align.apply(align.inverse(align.transform(points, size)), edges)
    assert corners[64] == pytest.approx(corners[512], abs=1e-2)


def test_profile_with_coinciding_eyes_keeps_the_size_of_the_head() -> None:
    frontal = align.FFHQ_TEMPLATE * (42 / 131)
    assert align.face_px(face(PROFILE)) == pytest.approx(align.face_px(face(frontal)), rel=0.25)
    moved = PROFILE + [[0.7, 0], [-0.7, 0], [0, 0], [0, 0], [0, 0]]
    assert align.face_px(face(moved)) == pytest.approx(align.face_px(face(PROFILE)), rel=0.02)


def test_coinciding_points_stay_finite() -> None:
    assert np.isfinite(align.transform(np.full((5, 2), 3.0))).all()


def test_inverse_goes_there_and_back_and_refuses_a_flat_transform() -> None:
    matrix = align.transform(PROFILE, 256)
    assert align.apply(align.inverse(matrix), align.apply(matrix, PROFILE)) == pytest.approx(PROFILE, abs=1e-3)
    with pytest.raises(ValueError, match="flattens"):
        align.inverse(np.zeros((2, 3)))


def test_crop_of_a_ramp_has_each_pixel_where_the_transform_says() -> None:
    ramp = np.zeros((200, 300, 3))
    ramp[..., 0], ramp[..., 1] = np.arange(300) * 200, np.arange(200)[:, None] * 300
    matrix = align.fit_similarity([[100, 80], [150, 90]], [[20, 20], [60, 50]])
    pixels = align.crop(ramp.astype(np.uint16), matrix, 80).pixels
    ys, xs = np.mgrid[10:70, 10:70]
    truth = align.apply(align.inverse(matrix), np.stack([xs, ys], -1)) * [200 / 65535, 300 / 65535]
    assert pixels[10:70, 10:70, :2] == pytest.approx(truth, abs=5e-4)


@pytest.mark.parametrize("factor", [2, 5, 9])
def test_shrinking_is_centred_and_does_not_alias(factor: int) -> None:
    size = 64
    noise = np.random.default_rng(0).integers(0, 2, (size * factor + 60, size * factor + 60, 1)).repeat(3, 2) * 255
    matrix = np.array([[1, 0, -20.3], [0, 1, -20.7]]) / factor
    small = align.crop(noise.astype(np.uint8), matrix, size).pixels
    # The mean of factor^2 fair coins spreads by 0.5 / factor; point sampling would spread by about 0.5.
    assert small.std() < 0.75 / factor
    smooth = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 2.5 * factor) / 255
    shrunk = align.crop(smooth, matrix, size).pixels
    ys, xs = np.mgrid[8:56, 8:56]
    source = align.apply(align.inverse(matrix), np.stack([xs, ys], -1))
    truth = cv2.remap(smooth, source[..., 0], source[..., 1], cv2.INTER_LINEAR)
    # Off by a tenth of a crop pixel, the difference is above 0.03.
    assert np.abs(shrunk[8:56, 8:56] - truth).mean() < 0.02 * truth.std()


def test_shrunken_crop_does_not_shimmer_as_the_face_moves_over_the_pixels() -> None:
    rng = np.random.default_rng(1)
    picture = cv2.GaussianBlur(rng.integers(0, 256, (600, 600, 3)).astype(np.uint8), (0, 0), 1.0)
    crops = []
    for shift in np.linspace(0, 3, 7):
        moved = cv2.warpAffine(picture, np.array([[1, 0, shift], [0, 1, 0.0]]), (600, 600), flags=cv2.INTER_CUBIC)
        crops.append(align.crop(moved, np.array([[0.3, 0, -10 - 0.3 * shift], [0, 0.3, -10]]), 128).pixels)
    trembling = np.stack(crops).std(0).mean()
    assert trembling < 0.1 * crops[0].std()


def test_crop_beyond_the_border_mirrors_and_one_outside_is_finite() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (50, 60, 3)).astype(np.uint8)
    pixels = align.crop(picture, np.array([[1.0, 0, 10], [0, 1.0, 10]]), 32).pixels
    assert pixels[10:, 10:] == pytest.approx(picture[:22, :22] / 255, abs=1e-6)
    assert pixels[10:, 7] == pytest.approx(picture[:22, 3] / 255, abs=1e-6)
    assert np.isfinite(align.crop(picture, np.array([[1.0, 0, 500], [0, 1.0, 500]]), 32).pixels).all()


def test_uint8_and_uint16_crops_agree() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (80, 80, 3)).astype(np.uint8)
    matrix = np.array([[0.8, 0.1, 3], [-0.1, 0.8, 5.0]])
    eight, sixteen = align.crop(picture, matrix, 48), align.crop(picture.astype(np.uint16) * 257, matrix, 48)
    assert sixteen.pixels == pytest.approx(eight.pixels, abs=1e-6)


def face(points: np.ndarray) -> Face:
    return Face(0, np.zeros(4, np.float32), points.astype(np.float32), 1.0)
