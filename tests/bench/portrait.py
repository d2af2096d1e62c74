"""A portrait that slides and grows a little: the clip that faults and confusers are tried on."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from facefix.types import Span

FRAMES, SIZE = 30, 170
SPAN = Span(5, 25)
POINTS = np.array([[203.3, 101.0], [247.5, 102.7], [223.5, 125.0], [202.8, 139.0], [244.3, 140.3]])


@lru_cache(maxsize=1)
def portrait() -> tuple[list[NDArray[np.uint8]], NDArray[np.float32]]:
    """`FRAMES` pictures of `SIZE` px with a grain of their own each, and the five points; nobody may write to them."""
    rng = np.random.default_rng(0)
    frames, points = [], []
    for t in range(FRAMES):
        scale = 0.9 + 0.003 * t
        matrix = np.array([[scale, 0, 83 - 224 * scale + 0.3 * t], [0, scale, 85 - 118 * scale]])
        picture = cv2.warpAffine(data.astronaut(), matrix, (SIZE, SIZE), flags=cv2.INTER_CUBIC)
        grain = rng.normal(0, 4, picture.shape)
        frames.append(np.clip(np.rint(picture + grain), 0, 255).astype(np.uint8))
        points.append(POINTS @ matrix[:, :2].T + matrix[:, 2])
    return frames, np.array(points, np.float32)


def hurt(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """Mean absolute difference, levels of 255."""
    return float(np.abs(before.astype(float) - after).mean())
