"""How far features of a face lie from where another frame has them, head pose taken out."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

_SIDE = 128
"""Side at which motion is measured: features move by whole pixels here when they bend visibly."""
_FACE_WIDTH = 0.52
"""Width of a face as a share of the crop's side."""

_LANDMARKS = np.array(
    [
        [0.50, 0.60, 0.25],
        [0.50, 0.52, 0.12],
        [0.50, 0.66, 0.12],
        [0.50, 0.38, 0.08],
        [0.40, 0.38, 0.02],
        [0.60, 0.38, 0.02],
        [0.377, 0.455, 0.00],
        [0.623, 0.455, 0.00],
        [0.35, 0.60, 0.02],
        [0.65, 0.60, 0.02],
        [0.31, 0.75, -0.12],
        [0.69, 0.75, -0.12],
    ]
)
"""(12, 3) nose, brows, eyes, cheekbones, jaw: place in the crop, and depth towards the viewer, in shares of the side.
Lips are left out: they speak."""


def _weights() -> NDArray[float32]:
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] / _SIDE
    return np.stack([np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * 0.05**2)) for u, v, _ in _LANDMARKS]).astype(float32)


_WEIGHTS = _weights()
_POSE_BASIS = np.column_stack([np.ones(len(_LANDMARKS)), _LANDMARKS])


def guide(pixels: NDArray[float32]) -> NDArray[np.uint8]:
    """(S, S, 3) RGB 0..1 -> (128, 128) luma with light and contrast levelled, so that flow follows features."""
    small = cv2.resize(pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY) * 255
    mean = cv2.GaussianBlur(luma, (0, 0), 8)
    detail = cv2.GaussianBlur(luma, (0, 0), 0.6) - mean
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 8)) + 4
    return np.clip(128 + 40 * detail / contrast, 0, 255).astype(np.uint8)


def bend(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> float:
    """Mean displacement of the two features furthest off, % of the face's width.

    Each feature's motion is the flow around it, weighted by how well texture pins it down (the smaller eigenvalue of
    the structure tensor). A rigid head under weak perspective moves features by an affine function of their place
    *and depth* (Tomasi & Kanade 1992), so that function is fitted, robustly, and taken away.
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = search.calc(before, now, cast(Any, None))
    texture = np.sqrt(np.maximum(cv2.cornerMinEigenVal(before, 5), 0)) + 1e-4
    weights = _WEIGHTS * texture
    moved = np.einsum("nij,ijc->nc", weights, flow) / weights.sum(axis=(1, 2))[:, None]
    moved *= 100 / (_SIDE * _FACE_WIDTH)
    trust = np.ones(len(moved))
    off = np.zeros(len(moved))
    for _ in range(4):
        fit, *_rest = np.linalg.lstsq(_POSE_BASIS * trust[:, None], moved * trust[:, None], rcond=None)
        off = np.linalg.norm(moved - _POSE_BASIS @ fit, axis=1)
        trust = np.sqrt(1 / (1 + off**2))
    return float(np.sort(off)[-2:].mean())
