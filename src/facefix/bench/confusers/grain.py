"""Film grain or a sensor's noise: another one in every frame, everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.apply import Frame
from facefix.types import Span


def grain(pixels: Iterable[Frame], points: NDArray[np.float32], seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames; those of `span` with grain of 4 to 9 levels of 255, strongest in the mid-tones."""
    del points
    drawn = np.random.default_rng([seed, 27])
    sigma, size = float(drawn.uniform(4, 9)), float(drawn.uniform(0.5, 0.9))
    for index, frame in enumerate(pixels):
        if index not in span:
            yield frame
            continue
        # Drawn from the frame's number, so that every frame's grain is its own whatever was read before.
        rng = np.random.default_rng([seed, 28, index])
        noise = cv2.GaussianBlur(rng.standard_normal((*frame.shape[:2], 4), np.float32), (0, 0), size)
        noise *= sigma / float(noise.std())
        light = frame.mean(-1, keepdims=True) / 255
        strength = 0.45 + 2.2 * light * (1 - light)
        yield np.clip(np.rint(frame + strength * (0.9 * noise[..., 3:] + 0.45 * noise[..., :3])), 0, 255).astype(np.uint8)
