"""What `auto` means for a clip on a machine."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy import uint8
from numpy.typing import NDArray

from facefix.models import devices, zoo
from facefix.upscale import UPSCALERS

AUTO = "auto"

_SIDE_PX = 360
"""Pictures are looked at in this size, so that a line has the same width in all."""
_EDGE, _FLAT = 12.0, 1.5
"""Slopes in grey levels a pixel: of an outline, and of a surface that has nothing on it."""
_DARK = 40
"""How much darker than what is beside it a line is, in grey levels."""
_LINE_PX = 5
_BESIDE_PX = (3, 7)
_LEAST_BESIDE = 200
_DRAWN = 0.21
"""Of what `lines_on_flats` gives: no filmed or photo-like clip of 59 comes near it (at most 0.16)."""


def choose(pictures: Sequence[NDArray[uint8]], device: str) -> str:
    """Name of the upscaler that suits the pictures and the device.

    Line art gets networks made for it. Filmed pictures get x4plus where a GPU runs it; a CPU takes minutes for what it draws in
    a second of film, so there the small networks: general-x4v3 where its weights were fetched, else animevideov3.

    Args:
        pictures: (H, W, 3) RGB, some frames of the clip.

    Raises:
        SettingsError: there is no such device.
    """
    fast = devices.resolve(device).type != "cpu"
    drawn = bool(pictures) and float(np.median([lines_on_flats(p) for p in pictures])) > _DRAWN
    if drawn:
        return "anime" if fast else "animevideo"
    if fast:
        return "realesrgan"
    return "general" if zoo.installed(UPSCALERS["general"].files) else "animevideo"


def lines_on_flats(picture: NDArray[uint8]) -> float:
    """How much a picture (H, W, 3) RGB looks like line art, 0..1: flat colour beside edges, and edges that are dark lines.

    The share of pixels a few pixels beside edges that are flat, times the share of edges that are lines. What is drawn without
    outlines, shaded softly or compressed until it crumbles is not recognised; see docs/upscaling.md.
    """
    share = min(1.0, _SIDE_PX / min(picture.shape[:2]))
    if share < 1:
        picture = np.asarray(cv2.resize(picture, (0, 0), fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)
    # Compression leaves a little dirt on flat colour.
    smooth = cv2.bilateralFilter(picture, 5, 12, 2).astype(np.float32)
    slopes = [cv2.Sobel(smooth, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1))]
    slope = np.hypot(*slopes).max(-1)
    edges = slope >= _EDGE
    away = cv2.distanceTransform((~edges).astype(np.uint8), cv2.DIST_L2, 3)
    beside = (away >= _BESIDE_PX[0]) & (away <= _BESIDE_PX[1])
    if beside.sum() < _LEAST_BESIDE:
        return 0.0
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((_LINE_PX, _LINE_PX), np.uint8)) > _DARK
    return float((slope[beside] < _FLAT).mean() * min(1.0, dark.mean() / edges.mean()))
