"""Where skin, features and surroundings lie in the aligned square crop.

The crop follows the FFHQ five-point template, whose coordinates are given there for a side of 512 px:
eyes at (193, 240) and (319, 240), nose at (256, 314), mouth corners at (201, 371) and (313, 371). All
shapes below are in fractions of the side, read off that template.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy import float32
from numpy.typing import NDArray


def _ellipse(side: int, cx: float, cy: float, rx: float, ry: float) -> NDArray[np.bool_]:
    y, x = np.mgrid[0:side, 0:side] / side
    return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1


@lru_cache(maxsize=8)
def face(side: int) -> NDArray[np.bool_]:
    """(side, side): brow to chin, ear to ear, within the face's outline."""
    return _ellipse(side, 0.50, 0.56, 0.27, 0.34)


@lru_cache(maxsize=8)
def features(side: int) -> NDArray[np.bool_]:
    """Eyes with lids and brows, and the mouth with the lips: what moves in speech and blinks."""
    eyes = _ellipse(side, 0.377, 0.455, 0.095, 0.075) | _ellipse(side, 0.623, 0.455, 0.095, 0.075)
    return eyes | _ellipse(side, 0.5, 0.735, 0.16, 0.10)


@lru_cache(maxsize=8)
def steady(side: int) -> NDArray[np.bool_]:
    """Brow, nose, cheekbones: the part of the face that speech and blinks hardly move."""
    y = np.mgrid[0:side, 0:side][0] / side
    return face(side) & ~features(side) & (y < 0.68)


@lru_cache(maxsize=8)
def cheeks(side: int) -> tuple[NDArray[np.bool_], ...]:
    """The middle of each cheek: skin in almost every portrait, few edges."""
    return _ellipse(side, 0.35, 0.61, 0.075, 0.07), _ellipse(side, 0.65, 0.61, 0.075, 0.07)


@lru_cache(maxsize=8)
def skin(side: int) -> NDArray[np.bool_]:
    """Cheeks and forehead."""
    return np.logical_or.reduce([*cheeks(side), _ellipse(side, 0.5, 0.365, 0.11, 0.045)])


@lru_cache(maxsize=8)
def surroundings(side: int) -> NDArray[np.bool_]:
    """The crop's rim, well outside the face: hair, neck, background; the control group."""
    return ~_ellipse(side, 0.50, 0.54, 0.37, 0.45)


def cells(side: int, count: int, values: NDArray[float32]) -> NDArray[float32]:
    """Mean of (side, side, C) over a count x count grid -> (count, count, C)."""
    step = side // count
    return values[: step * count, : step * count].reshape(count, step, count, step, -1).mean(axis=(1, 3))
