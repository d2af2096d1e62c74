"""Blur that comes from the camera: along what moves, and out of focus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.apply import Frame
from facefix.bench.faults.timing import swell, wander
from facefix.types import Span

_FLOW_PX = 360
"""Longer side at which motion is measured."""
_TAPS = 9


def motion(pixels: Iterable[Frame], points: NDArray[np.float32], seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames; in `span` a long shutter in an unsteady hand.

    Every frame is the mean of itself along the optical flow from the frame before plus the shake of the camera.
    """
    rng = np.random.default_rng([seed, 24])
    shutter = rng.uniform(1.0, 2.0)
    level = swell(span, 6)
    shake = 0.14 * unit_px(points) * level[:, None] * wander(rng, len(span), 2, 3.0)
    speed = np.gradient(shake, axis=0) if len(span) > 1 else np.zeros_like(shake)
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    past: NDArray[np.uint8] | None = None
    for index, frame in enumerate(pixels):
        if index < span.start - 1 or index >= span.end:
            yield frame
            continue
        scale = min(1.0, _FLOW_PX / max(frame.shape[:2]))
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        small = cast(Any, cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
        if index in span:
            t = index - span.start
            flow = np.zeros((*frame.shape[:2], 2), np.float32)
            if past is not None:
                back = search.calc(small, past, cast(Any, None))
                flow = -cv2.resize(back, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR) / scale
            yield _exposed(frame, level[t] * shutter * flow + shutter * speed[t], shake[t])
        else:
            yield frame
        past = small


def focus(pixels: Iterable[Frame], points: NDArray[np.float32], seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames; in `span` the whole picture goes out of focus and comes back."""
    rng = np.random.default_rng([seed, 25])
    sigma = rng.uniform(0.03, 0.06) * unit_px(points)
    level = swell(span, max(1, len(span) // 2))
    for index, frame in enumerate(pixels):
        now = sigma * level[index - span.start] if index in span else 0.0
        yield cv2.GaussianBlur(frame, (0, 0), now).astype(np.uint8) if now > 0.2 else frame


def unit_px(points: NDArray[np.float32]) -> float:
    """Median distance between the eyes, or what stands for it in turned faces; 40 where no face is known."""
    known = points[np.isfinite(points).all(axis=(1, 2))]
    if not len(known):
        return 40.0
    across = np.linalg.norm(known[:, 1] - known[:, 0], axis=-1)
    drop = np.linalg.norm(known[:, 3:].mean(1) - known[:, :2].mean(1), axis=-1)
    return float(np.median(np.maximum(across, drop)))


def _exposed(frame: Frame, path: NDArray[np.floating], offset: NDArray[np.float64]) -> Frame:
    """Mean of the picture along (H, W, 2) `path` px, centred, all of it moved by (2,) `offset` px."""
    y, x = np.mgrid[: frame.shape[0], : frame.shape[1]].astype(np.float32)
    total = np.zeros(frame.shape, np.float32)
    for share in np.linspace(-0.5, 0.5, _TAPS):
        map_x = (x - offset[0] - share * path[..., 0]).astype(np.float32)
        map_y = (y - offset[1] - share * path[..., 1]).astype(np.float32)
        total += cv2.remap(frame, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.clip(np.rint(total / _TAPS), 0, 255).astype(np.uint8)
