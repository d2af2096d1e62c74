"""Square pictures brought to another side, and planes to as many channels as a picture has."""

from __future__ import annotations

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray


def resized(picture: NDArray[float32], side: int, enlarge: int = cv2.INTER_CUBIC) -> NDArray[float32]:
    """(side, side, ...) of an (S, S, ...) picture: means over areas where it shrinks, the given interpolation where it grows.

    The very same array where the side is right already. Cubic enlargement may overshoot the range of its input.
    """
    if picture.shape[0] == side:
        return picture
    way = cv2.INTER_AREA if picture.shape[0] > side else enlarge
    return np.asarray(cv2.resize(picture, (side, side), interpolation=way), np.float32)


def threefold(plane: NDArray[float32]) -> NDArray[float32]:
    """(S, S, 3) of an (S, S) plane: numpy multiplies by a last axis that it must repeat three times as slowly."""
    return np.asarray(cv2.merge((plane, plane, plane)), np.float32)
