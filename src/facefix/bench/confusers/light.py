"""Light that changes: slowly all over, slowly from one side, and for the moment of a flash.

Light adds up in linear light; pictures are taken to have a gamma of 2.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.apply import Frame
from facefix.bench.faults.face_frame import face_frame, steady
from facefix.bench.faults.timing import swell
from facefix.types import Span

_GAMMA = 2.2


def exposure(pixels: Iterable[Frame], points: NDArray[np.float32], seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames; in `span` a cloud passes: up to 0.9 stops, and another colour."""
    del points
    rng = np.random.default_rng([seed, 21])
    stops = rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 0.9)
    warmth = rng.choice([-1.0, 1.0]) * rng.uniform(0.03, 0.10) * np.array([1.0, 0.0, -1.0])
    level = swell(span, max(1, len(span) // 2))
    for index, frame in enumerate(pixels):
        now = level[index - span.start] if index in span else 0.0
        yield _lit(frame, 2 ** (now * (stops + warmth))) if now else frame


def side(pixels: Iterable[Frame], points: NDArray[np.float32], seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames; in `span` light comes up on one side of the face and the other falls into shade."""
    rng = np.random.default_rng([seed, 22])
    stops = rng.choice([-1.0, 1.0]) * rng.uniform(0.45, 0.8)
    level = swell(span, max(1, len(span) // 2))
    calm = steady(np.asarray(points, np.float32))
    for index, frame in enumerate(pixels):
        if index not in span or not np.isfinite(calm[index]).all():
            yield frame
            continue
        face = face_frame(calm[index], *frame.shape[:2])
        y, x = np.mgrid[: frame.shape[0], : frame.shape[1]]
        across = (x - face.centre[0]) * face.right[0] + (y - face.centre[1]) * face.right[1]
        gain = 2 ** (level[index - span.start] * stops * np.tanh(across / (0.6 * face.unit_px)))
        yield _lit(frame, gain[..., None])


def flash(pixels: Iterable[Frame], points: NDArray[np.float32], seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames; in `span` one to three flashes of one to three frames each light the whole picture."""
    del points
    rng = np.random.default_rng([seed, 23])
    gain = np.ones(len(span))
    for _ in range(int(rng.integers(1, 4))):
        start, length = int(rng.integers(0, max(1, len(span) - 3))), int(rng.integers(1, 4))
        strength = rng.uniform(1.8, 3.2)
        # A rolling shutter or a long exposure catches the flash's last light once more, weaker.
        gain[start : start + length] = strength * rng.uniform(0.85, 1.0, len(gain[start : start + length]))
        gain[start + length : start + length + 1] = 1 + 0.2 * (strength - 1)
    for index, frame in enumerate(pixels):
        now = gain[index - span.start] if index in span else 1.0
        yield _lit(frame, np.full(3, now)) if now != 1 else frame


def _lit(frame: Frame, gain: NDArray[np.floating]) -> Frame:
    linear = (frame / np.float32(255)) ** _GAMMA * gain
    # A sensor's shoulder: highlights saturate softly.
    soft = np.where(linear > 0.8, 0.8 + 0.2 * (1 - np.exp(-(linear - 0.8) / 0.2)), linear)
    return np.clip(np.rint(255 * soft ** (1 / _GAMMA)), 0, 255).astype(np.uint8)
