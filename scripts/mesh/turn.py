"""Turn a head in a picture: the pixels move as the relief under them does, near ones cover far ones."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

GRID_PX = 112


def rotation(yaw: float, pitch: float) -> Floats:
    """(3, 3) for degrees; x to the right, y down, z away. Yaw > 0 turns the face to image right, pitch > 0 down."""
    a, b = np.radians([yaw, pitch])
    about_y = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    return (about_y @ about_x).astype(np.float32)


def turn(relief: Floats, mesh: Floats, size: int, yaw: float, pitch: float) -> tuple[Floats, Floats]:
    """Where each pixel of the turned picture comes from, (GRID_PX, GRID_PX, 2) x, y in crop pixels, and the turned mesh.

    relief: (g, g) depth under the crop of `size` px, as `data.depth`. mesh: (478, 3). What was hidden is filled smoothly
    from its surroundings.
    """
    matrix = rotation(yaw, pitch)
    centre = mesh[:468].mean(0)
    centre[2] += 0.25 * (mesh[:468, 2].max() - mesh[:468, 2].min())
    step = size / GRID_PX
    at = ((np.arange(GRID_PX) + 0.5) * step - 0.5).astype(np.float32)
    x, y = np.meshgrid(at, at)
    z = cv2.resize(relief, (GRID_PX, GRID_PX), interpolation=cv2.INTER_LINEAR)
    space = np.stack([x, y, z], -1).reshape(-1, 3)
    moved = (space - centre) @ matrix.T + centre
    far_first = np.argsort(-moved[:, 2])
    column, row = np.round((moved[far_first, :2] + 0.5) / step - 0.5).astype(int).T
    fits = (column >= 0) & (column < GRID_PX) & (row >= 0) & (row < GRID_PX)
    column, row, source = column[fits], row[fits], space[far_first[fits], :2]
    where = np.zeros((GRID_PX, GRID_PX, 2), np.float32)
    known = np.zeros((GRID_PX, GRID_PX), np.float32)
    where[row, column] = source
    known[row, column] = 1
    return _filled(where, known), (mesh - centre) @ matrix.T + centre


def _filled(where: Floats, known: Floats) -> Floats:
    """Holes take the weighted mean of what is around them, from ever wider surroundings; then a light smoothing."""
    out = where
    for sigma in (1.0, 4.0, 14.0):
        weight = cv2.GaussianBlur(known, (0, 0), sigma)
        mean = cv2.GaussianBlur(where * known[..., None], (0, 0), sigma) / np.maximum(weight, 1e-6)[..., None]
        take = (known == 0) & (weight > 0.02 if sigma < 14 else True)
        out = np.where(take[..., None], mean, out)
        where = out
        known = np.maximum(known, take.astype(np.float32))
    return cv2.GaussianBlur(out, (0, 0), 0.8)
