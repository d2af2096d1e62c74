"""Single pictures as PNG files."""

from __future__ import annotations

import cv2

from facefix.errors import OutputError
from facefix.types import Pixels


def png(pixels: Pixels) -> bytes:
    """The file of (H, W, 3) RGB, with the 8 or 16 bits that it has. Raises OutputError where it is too large for one."""
    done, content = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    if not done:
        raise OutputError("a picture of that size cannot be made a PNG file.")
    return content.tobytes()
