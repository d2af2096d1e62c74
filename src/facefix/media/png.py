"""A decoded picture as a PNG file."""

from __future__ import annotations

from fractions import Fraction

import cv2

from facefix.types import Pixels


def png(pixels: Pixels, aspect: Fraction | None = None) -> bytes:
    """(H, W, 3) RGB, uint8 or uint16, as a PNG of 8 or 16 bits a channel; of square pixels.

    aspect: width of a source pixel over its height; the shorter way is enlarged.
    """
    height, width = pixels.shape[:2]
    if aspect is not None and aspect > 0 and aspect != 1:
        size = (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_LANCZOS4)
    return bytes(cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1])
