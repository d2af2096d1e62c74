"""How a fault comes and goes, and slow random paths: shared by all faults."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from facefix.types import Span


def swell(span: Span, ramp_frames: int) -> NDArray[np.float64]:
    """(len(span),) rising to 1 and falling again by raised cosines of at most `ramp_frames`; never quite 0."""
    length = len(span)
    ramp = max(1, min(ramp_frames, length // 3))
    edge = np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1)) / (ramp + 1)
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(edge, 0, 1))


def approach(span: Span) -> NDArray[np.float64]:
    """(len(span),) from just above 0 to 1, never falling: slow at first, then steady, as drift is."""
    t = np.arange(1, len(span) + 1) / max(1, len(span))
    return t * t * (2 - t) if len(span) else t


def wander(rng: np.random.Generator, frames: int, series: int, memory_frames: float) -> NDArray[np.float64]:
    """(frames, series) smooth noise of unit variance whose memory is about `memory_frames`."""
    margin = int(np.ceil(4 * memory_frames))
    white = rng.standard_normal((frames + 2 * margin, series))
    # The variance of smoothed white noise is known; dividing by the sample's would lean on the span's length.
    gain = np.sqrt(2 * memory_frames * np.sqrt(np.pi)) if memory_frames > 0 else 1.0
    smooth = gaussian_filter1d(white, memory_frames, axis=0) if memory_frames > 0 else white
    return gain * smooth[margin : margin + frames]
