"""Blink, talk, smile, look and raise the brows: smooth local warps of the head texture, before it turns.

Lids and lips are occlusions, not stretches: a lid slides over a resting eyeball, lips part over resting
teeth and a painted mouth. All distances are portrait pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from living_portrait.texture import HEAD_BOX, TEXTURE_SCALE, smoothstep

Image = NDArray[np.float32]
Grid = NDArray[np.float64]

FACE_BOX = (172, 78, 280, 206)
"""x0, y0, x1, y1 of what expressions may move."""

# Outlines as rows of x and rows of y, found by hand at fourteenfold magnification.
UPPER_LIDS = (
    np.array([[191.5, 193, 196.6, 199.1, 203, 206.6, 209.5, 213.8],
              [101, 100.2, 99.2, 98.6, 98.2, 98.7, 100, 102.7]]).T,
    np.array([[236.4, 239.5, 242.4, 246.6, 250.2, 253.8, 256.6, 259],
              [104.6, 102.1, 100.7, 99.5, 99.7, 101, 102.5, 103.6]]).T,
)  # fmt: skip
LOWER_LIDS = (
    np.array([[191.5, 195.2, 197.4, 201, 204.5, 208, 211.6, 213.8],
              [101, 101.6, 102.5, 103.8, 104.1, 103.6, 103.2, 102.7]]).T,
    np.array([[236.4, 239.5, 243, 246.6, 250.2, 254.5, 257.5, 259],
              [104.6, 105, 105.7, 106, 105.9, 105, 104.2, 103.6]]).T,
)  # fmt: skip
IRISES = np.array([[203.2, 101.3], [247.0, 102.7]])
_THROAT, _TONGUE = (46.0, 17.0, 15.0), (142.0, 70.0, 68.0)
UPPER_LIP = np.array(
    [[202.5, 205.6, 208.4, 211.2, 215, 218.4, 222.3, 225.6, 229, 232.3, 235.6, 239, 241.7, 244.2],
     [138.7, 139.5, 140.6, 141.4, 142.3, 142.8, 143.1, 143.4, 143.1, 142.5, 142, 141.2, 140.6, 140.5]]
).T  # fmt: skip
LOWER_LIP = np.array(
    [[202.5, 204.2, 206.2, 209.5, 212.3, 215, 218.4, 222.3, 225.6, 229, 232.3, 235, 238.4, 241.7, 244.2],
     [138.7, 141.2, 143.1, 145.3, 147, 148.1, 148.9, 149.1, 148.8, 148.7, 147.8, 146.4, 144.8, 142.6, 140.5]]
).T  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expression:
    """One moment of a face."""

    blink: float = 0.0
    """0 open, 1 shut."""
    mouth: float = 0.0
    """-1 lips together, 0 the portrait's smile, 1 wide open."""
    smile: float = 0.0
    """-1 corners drawn in, 0 the portrait's smile, 0.5 broader."""
    brows: float = 0.0
    """-1 lowered, 1 raised."""
    gaze: tuple[float, float] = (0.0, 0.0)
    """Where the irises look, in portrait pixels off their place."""


def express(head: Image, expression: Expression) -> Image:
    """The head texture with that expression; `head` is `Layers.head` and stays untouched."""
    x0, y0, x1, y1 = FACE_BOX
    s, left, top = TEXTURE_SCALE, HEAD_BOX[0], HEAD_BOX[1]
    rows, columns = slice((y0 - top) * s, (y1 - top) * s), slice((x0 - left) * s, (x1 - left) * s)
    y, x = np.mgrid[rows, columns].astype(np.float64)
    x, y = (x + 0.5) / s - 0.5 + left, (y + 0.5) / s - 0.5 + top
    face = _mouth(head, x, y, expression.mouth)
    canvas = head.copy()
    canvas[rows, columns] = face
    face = _eyes(canvas, x, y, expression)
    canvas[rows, columns] = face
    face = _sample(canvas, *_muscles(x, y, expression))
    canvas[rows, columns] = face
    return canvas


def move_points(points: NDArray[np.float64], expression: Expression) -> NDArray[np.float64]:
    """Where (N, 2) portrait points go by the soft muscles; lids and lips' parting leave the five points alone."""
    moved = points.copy()
    for _ in range(12):
        x, y = _muscles(moved[:, 0], moved[:, 1], expression)
        moved += points - np.stack([x, y], -1)
    return moved


def _sample(image: Image, x: Grid, y: Grid) -> Image:
    s = TEXTURE_SCALE
    map_x = ((x - HEAD_BOX[0] + 0.5) * s - 0.5).astype(np.float32)
    map_y = ((y - HEAD_BOX[1] + 0.5) * s - 0.5).astype(np.float32)
    return cv2.remap(image, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _blend(below: Image, above: Image, weight: Grid) -> Image:
    w = weight[..., None].astype(np.float32)
    return below * (1 - w) + above * w


def _muscles(x: Grid, y: Grid, e: Expression) -> tuple[Grid, Grid]:
    """Source coordinates of the smooth part: corners of the mouth, cheeks, brows."""

    def bump(cx: float, cy: float, sx: float, sy: float) -> Grid:
        return np.exp(-(((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2) / 2)

    right, left = bump(201, 139.5, 9, 8), bump(246, 140.5, 9, 8)
    cheeks = bump(192, 118, 11, 9) + bump(256, 120, 11, 9)
    brows = bump(203, 89, 12, 5) + bump(249, 91, 12, 5)
    dx = 3.2 * e.smile * (left - right)
    dy = -1.7 * e.smile * (left + right) - 1.1 * e.smile * cheeks - 1.9 * e.brows * brows
    return x - dx, y - dy


def _eyes(head: Image, x: Grid, y: Grid, e: Expression) -> Image:
    face = _sample(head, x, y)
    for upper, lower, (iris_x, iris_y) in zip(UPPER_LIDS, LOWER_LIDS, IRISES, strict=True):
        y_upper, y_lower = np.interp(x, *upper.T), np.interp(x, *lower.T)
        inside = (x > upper[0, 0]) & (x < upper[-1, 0])
        opening = np.where(inside, y_lower - y_upper, 0)
        # the ball turns under resting lids: shift fades towards the rim of the opening
        in_eye = smoothstep(0, 0.9, np.minimum(y - y_upper, y_lower - y)) * inside
        near = np.exp(-(((x - iris_x) / 6) ** 2 + ((y - iris_y) / 6) ** 2) / 2)
        ball = _sample(head, x - e.gaze[0] * near, y - e.gaze[1] * near)
        face = _blend(face, ball, in_eye)
        # the lid slides down; its last two pixels, the lashes, keep their shape
        drop = np.clip(e.blink, 0, 1) * opening * 0.96
        edge, fold, lash = y_upper + drop, y_upper - 6.5, 2.0
        stretch = (y - fold) / np.maximum(edge - lash - fold, 1e-3) * (y_upper - lash - fold) + fold
        source_y = np.where(y < edge - lash, stretch, y - drop)
        lid = _sample(head, x, np.where(y > fold, source_y, y))
        on_lid = (1 - smoothstep(-0.35, 0.35, y - edge)) * (y > fold) * smoothstep(0.0, 0.3, drop)
        face = _blend(face, lid, on_lid)
    return face


def _mouth(head: Image, x: Grid, y: Grid, opening: float) -> Image:
    """Upper lip, lower lip with the jaw, and between them what rests: teeth above a dark, warm cavity."""
    y_upper, y_lower = np.interp(x, *UPPER_LIP.T), np.interp(x, *LOWER_LIP.T)
    upper_edge = y_upper + _lip_shifts(x, y_upper, opening)[0]
    lower_edge = y_lower + _lip_shifts(x, y_lower, opening)[1]
    above = y < (upper_edge + lower_edge) / 2
    source_y = y
    for _ in range(8):  # the shifts are written for the source: settle where the source of each pixel is
        source_y = y - np.where(above, *_lip_shifts(x, source_y, opening))
    face = _sample(head, x, source_y)

    depth = smoothstep(-0.6, 0.7, y - np.minimum(y_lower, 149.4)) * smoothstep(0, 4, lower_edge - y_lower)
    tongue = smoothstep(-4.5, 0, y - lower_edge) * np.clip(1 - ((x - 223.5) / 13) ** 2, 0, 1) * 0.75
    cavity = _blend(np.full_like(face, _THROAT), np.full_like(face, _TONGUE), tongue)
    inner = _blend(_sample(head, x, np.clip(y, y_upper + 0.2, y_lower - 0.1)), cavity, depth)
    in_mouth = smoothstep(-0.35, 0.35, np.minimum(y - upper_edge, lower_edge - y))
    in_mouth *= (x > UPPER_LIP[0, 0]) & (x < UPPER_LIP[-1, 0])
    return _blend(face, inner, in_mouth)


def _lip_shifts(x: Grid, y: Grid, opening: float) -> tuple[Grid, Grid]:
    """How far skin at (x, y) goes down with the upper lip, and with the lower lip and jaw."""
    y_upper, y_lower = np.interp(x, *UPPER_LIP.T), np.interp(x, *LOWER_LIP.T)
    gap, across = y_lower - y_upper, np.clip(1 - ((x - 223.4) / 20.9) ** 2, 0, 1)
    wide, shut = max(opening, 0.0), max(-opening, 0.0)
    upper = (0.40 * shut * gap - 0.7 * wide * across) * smoothstep(-12, -0.5, y - y_upper)
    lips = across**0.8
    jaw = lips + (1 - lips) * np.exp(-(((x - 224) / 26) ** 2) / 2) * smoothstep(139, 160, y)
    lift = 0.58 * shut * gap * (1 - smoothstep(1, 17, y - y_lower))
    lower = 6.5 * wide * jaw * (1 - smoothstep(176, 199, y)) - lift
    return upper, lower
