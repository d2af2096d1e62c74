"""The portrait as layers: a head with matte and relief over a scene in which the head was never there."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import data

TEXTURE_SCALE = 4
"""Texture pixels per portrait pixel: finer than any output, so each frame is resampled downwards."""

HEAD_BOX = (140, 4, 316, 228)
"""x0, y0, x1, y1 of the head with room to turn, in portrait pixels."""

FIVE_POINTS = np.array([[203.3, 101.0], [247.5, 102.7], [223.5, 125.0], [202.8, 139.0], [244.3, 140.3]])
"""Right eye, left eye, nose tip, mouth corners; found by hand at eightfold magnification."""

BODY_OUTLINE = np.array(
    [[20, 512], [26, 330], [42, 285], [88, 248], [112, 205], [122, 172], [146, 152], [180, 146], [230, 150], [262, 166],
     [292, 196], [306, 232], [340, 250], [352, 300], [372, 512]]
)  # fmt: skip
NECK_OUTLINE = np.array([[187, 140], [264, 140], [253, 168], [252, 188], [250, 228], [188, 228], [188, 184], [187, 158]])


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Everything the camera looks at. Colours are float32 RGB in 0..255."""

    scene: NDArray[np.float32]
    """(512 s, 512 s, 3), s = TEXTURE_SCALE: the picture without the head."""
    body_weight: NDArray[np.float32]
    """(512, 512), 0..1: what moves with the body rather than with the backdrop."""
    head: NDArray[np.float32]
    """(h s, w s, 3) of HEAD_BOX."""
    alpha: NDArray[np.float32]
    """(h s, w s), 0..1: the head's matte; fades out inside the black collar."""
    relief: NDArray[np.float32]
    """(h, w) of HEAD_BOX: height above the plane of the ears, in portrait pixels."""
    attachment: NDArray[np.float32]
    """(h, w), 0..1: how rigidly a point follows the skull; 0 at the collar."""


def build_layers(seed: int) -> Layers:
    """Cut scikit-image's astronaut (NASA, public domain) into layers. `seed` drives the added fine detail."""
    picture = data.astronaut()
    matte = _head_matte(picture)
    fine = _magnify(picture)
    x0, y0, x1, y1 = (TEXTURE_SCALE * v for v in HEAD_BOX)
    head = fine[y0:y1, x0:x1]
    head = _add_hair_strands(head, _hair_mask(picture, matte), np.random.default_rng(seed))
    head = _add_pores(head, skin_mask(picture, matte), np.random.default_rng(seed + 1))
    alpha = _crop(cv2.resize(matte, None, fx=TEXTURE_SCALE, fy=TEXTURE_SCALE, interpolation=cv2.INTER_CUBIC))
    scene = _add_weave(_magnify(_without_head(picture, matte)), np.random.default_rng(seed + 2))
    return Layers(scene, _body_weight(), head, np.clip(alpha, 0, 1), relief(), _attachment())


def grid() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y of every portrait pixel of HEAD_BOX."""
    x0, y0, x1, y1 = HEAD_BOX
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float64)
    return x, y


def smoothstep(low: float, high: float, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 below `low`, 1 above `high`, a cubic between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def relief() -> NDArray[np.float32]:
    """A head-shaped height field: skull, face, neck, then nose, sockets, lips and chin, all smooth."""
    x, y = grid()

    def dome(cx: float, cy: float, rx: float, ry: float, height: float) -> NDArray[np.float64]:
        return height * np.clip(1 - ((x - cx) / rx) ** 2 - ((y - cy) / ry) ** 2, 0, 1) ** 0.6

    def bump(cx: float, cy: float, sx: float, sy: float, height: float) -> NDArray[np.float64]:
        return height * np.exp(-(((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2) / 2)

    skull = np.maximum(dome(227, 72, 82, 66, 60), dome(225, 112, 54, 80, 64))
    neck = 26 * np.clip(1 - ((x - 220) / 42) ** 2, 0, 1) ** 0.6 * smoothstep(150, 175, y)
    surface = ndimage.gaussian_filter(np.maximum(skull, neck), 5)
    ridge = smoothstep(94, 124, y) * (1 - smoothstep(124, 133, y)) * np.exp(-(((x - 224) / 6.5) ** 2) / 2)
    nose = ndimage.gaussian_filter(17 * ridge, 2)
    sockets = bump(203.3, 101, 9, 5, -3) + bump(247.5, 102.7, 9, 5, -3)
    lower_face = bump(224, 146, 14, 8, 3) + bump(225, 170, 11, 7, 4)
    return (surface + nose + sockets + lower_face).astype(np.float32)


def _attachment() -> NDArray[np.float32]:
    _, y = grid()
    return (1 - smoothstep(172, 216, y)).astype(np.float32)


def _magnify(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    size = (picture.shape[1] * TEXTURE_SCALE, picture.shape[0] * TEXTURE_SCALE)
    large = cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_LANCZOS4)
    # A mild lift of the finest octave the portrait has: Lanczos alone leaves a quarter-size picture soft.
    large += 0.55 * (large - cv2.GaussianBlur(large, (0, 0), TEXTURE_SCALE * 0.75))
    return np.clip(large, 0, 255)


def _crop(image: NDArray[np.float32]) -> NDArray[np.float32]:
    x0, y0, x1, y1 = (TEXTURE_SCALE * v for v in HEAD_BOX)
    return np.ascontiguousarray(image[y0:y1, x0:x1])


def _head_matte(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(512, 512) in 0..1: hair, face, ears and neck, by GrabCut from an ellipse, softened to the hair's edge."""
    labels = np.full(picture.shape[:2], cv2.GC_BGD, np.uint8)
    cv2.ellipse(labels, (228, 82), (82, 74), 0, 0, 360, cv2.GC_PR_BGD, -1)
    cv2.ellipse(labels, (228, 80), (72, 60), 0, 0, 360, cv2.GC_PR_FGD, -1)
    cv2.ellipse(labels, (227, 78), (60, 52), 0, 0, 360, cv2.GC_FGD, -1)
    cv2.ellipse(labels, (227, 125), (48, 62), 0, 0, 360, cv2.GC_PR_FGD, -1)
    cv2.ellipse(labels, (226, 122), (38, 54), 0, 0, 360, cv2.GC_FGD, -1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(1)
    upper = np.ascontiguousarray(picture[:200]), np.ascontiguousarray(labels[:200])
    cv2.grabCut(upper[0][..., ::-1].copy(), upper[1], None, *models, 6, cv2.GC_INIT_WITH_MASK)
    matte = np.zeros(picture.shape[:2], np.float32)
    matte[:200] = np.isin(upper[1], (cv2.GC_FGD, cv2.GC_PR_FGD))
    pieces, _ = ndimage.label(matte)
    matte = (pieces == pieces[120, 226]).astype(np.float32)
    matte = ndimage.binary_fill_holes(matte > 0).astype(np.float32)
    cv2.fillPoly(matte, [NECK_OUTLINE.astype(np.int32)], 1.0)
    matte = np.clip(cv2.GaussianBlur(matte, (0, 0), 0.9) * 1.25 - 0.18, 0, 1)
    y = np.arange(512.0)[:, None]
    return (matte * (1 - smoothstep(196, 222, y))).astype(np.float32)


def skin_mask(picture: NDArray[np.uint8], matte: NDArray[np.float32]) -> NDArray[np.float32]:
    """(512, 512) in 0..1: skin of face, ears and neck by colour, without eyes, lips and hair."""
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    likely = np.exp(-(((lab - [74, 13, 17]) / [16, 7, 9]) ** 2).sum(-1) / 2)
    window = np.zeros(picture.shape[:2], np.float32)
    cv2.ellipse(window, (227, 134), (50, 56), 0, 0, 360, 1.0, -1)
    return cv2.GaussianBlur((smoothstep(0.12, 0.4, likely) * window * matte).astype(np.float32), (0, 0), 1.0)


def _hair_mask(picture: NDArray[np.uint8], matte: NDArray[np.float32]) -> NDArray[np.float32]:
    y = np.arange(512.0)[:, None]
    hair = matte * (1 - np.clip(cv2.GaussianBlur(skin_mask(picture, matte), (0, 0), 2) * 2.5, 0, 1)) * (y < 140)
    face = np.zeros_like(hair)
    cv2.ellipse(face, (226, 128), (47, 56), 0, 0, 360, 1.0, -1)
    return cv2.GaussianBlur((hair * (1 - face)).astype(np.float32), (0, 0), 1.5)


def _add_pores(head: NDArray[np.float32], skin: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Skin as a lens of the output's sharpness would see it: pores (dark, skewed) and slight uneven redness."""
    shape = head.shape[:2]
    where = _crop(cv2.resize(skin, None, fx=TEXTURE_SCALE, fy=TEXTURE_SCALE, interpolation=cv2.INTER_LINEAR))
    fine = _band_noise(rng, shape, 1.3, 2.6)
    pores = -np.clip(_band_noise(rng, shape, 1.9, 4.0) - 0.6, 0, None)
    mottle = _band_noise(rng, shape, 7.0, 20.0)
    light = 3.4 * fine + 5.5 * pores + 1.2 * mottle
    tint = np.stack([light, light - 0.9 * mottle, light - 0.7 * mottle], -1)
    return np.clip(head + tint * where[..., None], 0, 255).astype(np.float32)


def _add_hair_strands(head: NDArray[np.float32], hair: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise smeared along the local direction of the hair (line integral convolution, Cabral and Leedom 1993)."""
    where = _crop(cv2.resize(hair, None, fx=TEXTURE_SCALE, fy=TEXTURE_SCALE, interpolation=cv2.INTER_LINEAR))
    light = head.mean(-1)
    gx, gy = ndimage.gaussian_filter(light, 3, order=(0, 1)), ndimage.gaussian_filter(light, 3, order=(1, 0))
    jxx, jyy, jxy = (ndimage.gaussian_filter(v, 10) for v in (gx * gx, gy * gy, gx * gy))
    along = 0.5 * np.arctan2(2 * jxy, jxx - jyy) + np.pi / 2
    dx, dy = np.cos(along).astype(np.float32), np.sin(along).astype(np.float32)
    noise = rng.standard_normal(light.shape).astype(np.float32)
    yy, xx = np.mgrid[: light.shape[0], : light.shape[1]].astype(np.float32)
    total = np.zeros_like(noise)
    for step in range(-14, 15):
        total += cv2.remap(noise, xx + step * dx, yy + step * dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    strands = total - cv2.GaussianBlur(total, (0, 0), 3)
    strands /= strands.std()
    gain = np.clip(light / 110, 0.25, 1.2)
    return np.clip(head + (5.5 * strands * where * gain)[..., None], 0, 255).astype(np.float32)


def _add_weave(scene: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A trace of texture on cloth, so that only the backdrop is smooth; the grain does the rest."""
    weight = cv2.resize(_body_weight(), scene.shape[1::-1])
    return np.clip(scene + (2.0 * _band_noise(rng, scene.shape[:2], 1.3, 2.6) * weight)[..., None], 0, 255)


def _band_noise(rng: np.random.Generator, shape: tuple[int, int], fine: float, coarse: float) -> NDArray[np.float32]:
    white = rng.standard_normal(shape).astype(np.float32)
    band = cv2.GaussianBlur(white, (0, 0), fine) - cv2.GaussianBlur(white, (0, 0), coarse)
    return band / band.std()


def _without_head(picture: NDArray[np.uint8], matte: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The scene behind the head; only a rim some ten pixels wide ever shows."""
    hole = (cv2.dilate(matte, np.ones((7, 7))) > 0.02).astype(np.uint8)
    hole[196:] = 0  # the collar below is black on black: the layers agree there
    return cv2.inpaint(picture, hole * 255, 5, cv2.INPAINT_TELEA)


def _body_weight() -> NDArray[np.float32]:
    weight = np.zeros((512, 512), np.float32)
    cv2.fillPoly(weight, [BODY_OUTLINE.astype(np.int32)], 1.0)
    return cv2.GaussianBlur(cv2.dilate(weight, np.ones((9, 9))), (0, 0), 5)
