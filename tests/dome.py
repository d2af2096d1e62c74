"""A small mesh and a picture to hang on it."""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 96


def dome(side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """A mesh of 7 x 7 points that bulges toward the viewer, and its triangles, facing the viewer."""
    across = np.linspace(-0.3, 0.3, 7)
    x, y = np.meshgrid(across, across)
    mesh = np.stack([x + 0.5, y + 0.5, -np.sqrt(0.4 - x**2 - y**2)], -1).reshape(-1, 3) * side
    corners = np.arange(49).reshape(7, 7)
    a, b, c, d = corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return mesh.astype(np.float32), triangles.astype(np.int32)


def picture(side: int = SIDE, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).random((side, side, 3)).astype(np.float32)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0.1, 0.9, cv2.NORM_MINMAX)
