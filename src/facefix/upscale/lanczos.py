"""Interpolation: nothing is invented, nothing gets sharper."""

from __future__ import annotations

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.upscale.contract import UpscalerSpec


class Lanczos:
    """Lanczos' kernel over 8x8 pixels, as OpenCV has it; runs on the CPU whatever the device."""

    def enlarge(self, pictures: NDArray[float32], scale: int) -> NDArray[float32]:
        """See `contract.Upscaler`."""
        return np.stack([interpolated(picture, scale) for picture in pictures])


def interpolated(picture: NDArray[float32], scale: int) -> NDArray[float32]:
    """(H, W, 3) RGB 0..1 -> (scale * H, scale * W, 3) RGB 0..1."""
    height, width = picture.shape[:2]
    large = cv2.resize(picture, (scale * width, scale * height), interpolation=cv2.INTER_LANCZOS4)
    return np.asarray(np.clip(large, 0, 1, out=large), float32)


SPEC = UpscalerSpec(
    name="lanczos",
    describe="Plain interpolation: many frames a second on any machine, no detail added.",
    licence="-",
    load=lambda device: Lanczos(),
    invents=False,
)
