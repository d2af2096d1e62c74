"""Synthetic tracks of one face crop: a real face that moves a little, with or without something wrong."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import skimage.data

from facefix.faces.align import FFHQ_TEMPLATE
from facefix.faces.mesh.mesher import Mesher

SIDE = 256
FIVE = (FFHQ_TEMPLATE * SIDE / 512).astype(np.float32)
"""(5, 2) of `face`."""


def face() -> np.ndarray:
    """(256, 256, 3) RGB 0..1, a real face filling the crop as the template would have it."""
    picture = skimage.data.astronaut()[15:235, 112:332].astype(np.float32) / 255
    return np.clip(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), 0, 1)


@lru_cache(maxsize=1)
def mesh() -> np.ndarray:
    """(478, 3) of `face`, crop pixels; nobody may write to it."""
    return Mesher("cpu").meshes([face()], FIVE[None]).points[0]


def moved(crop: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """The crop with its content shifted by that many pixels."""
    matrix = np.float32([[1, 0, dx], [0, 1, dy]])
    out = cv2.warpAffine(crop, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return np.clip(out, 0, 1)


def path(frames: int) -> list[tuple[float, float]]:
    return [(5 * np.sin(0.35 * t), 3 * np.sin(0.22 * t)) for t in range(frames)]


def turning(frames: int) -> list[np.ndarray]:
    """A clean track: the face sways smoothly by a few pixels."""
    crop = face()
    return [moved(crop, *shift) for shift in path(frames)]


def meshes(frames: int) -> list[np.ndarray]:
    """Those of `turning`."""
    return [(mesh() + np.float32([*shift, 0])).astype(np.float32) for shift in path(frames)]


def bulge(crop: np.ndarray, x: float, y: float, dx: float, dy: float, radius_px: float = 22) -> np.ndarray:
    """The crop with the content around (x, y) displaced by (dx, dy) pixels, fading with distance."""
    grid_y, grid_x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    near = np.exp(-((grid_x - x) ** 2 + (grid_y - y) ** 2) / (2 * radius_px**2))
    where = np.stack([grid_x - dx * near, grid_y - dy * near], -1).astype(np.float32)
    return np.clip(cv2.remap(crop, where, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101), 0, 1)


def error(a: np.ndarray, b: np.ndarray, margin: int = 32) -> float:
    """Mean squared difference, without the rim that no motion can be followed in."""
    inner = slice(margin, -margin)
    return float(np.square(a[inner, inner] - b[inner, inner]).mean())
