"""How much there is of every size of detail at every place of a face."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SIDE_PX = 256
"""Of the crops that are looked at."""
MAP_PX = 64
_SIGMAS = (0.0, 0.7, 1.4, 2.8, 5.6, 11.2)
"""Blurs in pixels of SIDE_PX; a band is what lies between two in a row (a Laplacian pyramid, Burt and Adelson 1983)."""
CHANNELS = len(_SIGMAS) - 1 + 3
_DARKEST, _FAINTEST = 0.1, 3e-3
"""Brightness and share of contrast below which nothing is told apart."""


def bands(crop: Floats) -> Floats:
    """(CHANNELS, MAP_PX, MAP_PX) of a crop (S, S, 3) RGB 0..1 aligned to the FFHQ template.

    From fine to coarse the log of each band's mean absolute value around a place, as a share of the brightness there; then
    brightness and two differences of colour. All lie about between -1 and 1.
    """
    way = cv2.INTER_AREA if crop.shape[0] > SIDE_PX else cv2.INTER_LINEAR
    small = crop if crop.shape[0] == SIDE_PX else cv2.resize(crop, (SIDE_PX, SIDE_PX), interpolation=way)
    grey = np.asarray(cv2.cvtColor(np.asarray(small, np.float32), cv2.COLOR_RGB2GRAY), np.float32)
    light = _mapped(grey)
    told, fine, sharpness = [], grey, 0.0
    for sigma in _SIGMAS[1:]:
        # Half the pixels carry all that is left after a blur of two.
        if sharpness >= 2 * grey.shape[0] / fine.shape[0] and fine.shape[0] > MAP_PX:
            fine = cv2.resize(fine, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        step = SIDE_PX / fine.shape[0]
        coarse = cv2.GaussianBlur(fine, (0, 0), float(np.sqrt(sigma**2 - sharpness**2)) / step)
        contrast = _mapped(np.abs(fine - coarse)) / np.maximum(light, _DARKEST)
        told.append(1 + np.log(contrast + _FAINTEST) / 4)
        fine, sharpness = coarse, sigma
    colour = [4 * _mapped(np.ascontiguousarray(small[..., c]) - grey) for c in (0, 2)]
    return np.stack([*told, 2 * light - 1, *colour]).astype(np.float32)


def _mapped(picture: Floats) -> Floats:
    """(MAP_PX, MAP_PX) means."""
    return np.asarray(cv2.resize(picture, (MAP_PX, MAP_PX), interpolation=cv2.INTER_AREA), np.float32)
