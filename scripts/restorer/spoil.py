"""Damage to single crops: the faults of the bench at a chosen moment, and what files do to pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from facefix.bench.faults import VARIANTS
from facefix.types import Span

Picture = NDArray[np.uint8]

SECOND_FAULT = 0.12
"""Share of the spoiled crops that get a weaker second fault."""


def fault(mode: str, crop: Picture, before: Picture, points: NDArray[np.float32], severity: float, seed: int) -> Picture:
    """(S, S, 3) the crop as it looks inside a span of the fault.

    mode: a name of `VARIANTS`; that of a failure mode is its typical fault. before: the same face a little earlier, for the
    ghosts of `flicker`. points: (5, 2) in the crop.
    """
    rng = np.random.default_rng([seed, 9])
    first, last = int(rng.integers(5, 12)), int(rng.integers(7, 14))
    # Drift at the last frame of its span, when it has arrived; the others amid it.
    span = Span(-4 * first, 2) if VARIANTS[mode].mode == "drift" else Span(-first, last)
    fives = np.stack([points, points]).astype(np.float32)
    return list(VARIANTS[mode].inject([before, crop], fives, severity, seed, span))[1]


def mixture(mode: str, crop: Picture, before: Picture, points: NDArray[np.float32], severity: float, seed: int) -> Picture:
    """As `fault`; now and then with a weaker fault of another mode before it."""
    rng = np.random.default_rng([seed, 8])
    if rng.random() < SECOND_FAULT:
        other = str(rng.choice([name for name in ("warp", "drift", "waxy") if name != mode]))
        crop = fault(other, crop, before, points, float(rng.uniform(0.2, 0.5)), seed + 1)
    return fault(mode, crop, before, points, severity, seed)


def wear(picture: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """(S, S, 3) RGB 0..1 after a lens, a sensor or an encoder: slightly blurred, noisy or compressed."""
    kind = rng.integers(4)
    if kind in (0, 3):
        picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 1.4)))
    if kind in (1, 3):
        grain = rng.standard_normal(picture.shape, np.float32)
        if rng.random() < 0.5:
            grain = 1.6 * cv2.GaussianBlur(grain, (0, 0), 0.7)
        picture = picture + grain * float(rng.uniform(0.004, 0.03))
    if kind == 2:
        # OpenCV swaps red and blue on both ways: it is the encoder's loss that counts.
        small = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
        coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 85))])[1]
        picture = cv2.imdecode(coded, cv2.IMREAD_COLOR).astype(np.float32) / 255
    return np.clip(picture, 0, 1).astype(np.float32)
