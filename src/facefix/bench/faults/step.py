"""Step: without a cut the generator samples the person anew, and from then on it is a little somebody else.

The change is that of `drift`, of the same seed, but it comes within one to three frames and stays to the end of
the span.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults import drift
from facefix.bench.faults.apply import Frame, change_faces
from facefix.types import Span

MODE = "drift"

_RISE_FRAMES = 3


def inject(pixels: Iterable[Frame], points: NDArray[np.float32], severity: float, seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames, those of `span` changed; see `facefix.bench.faults` for the parameters."""
    weights, tone = drift.direction(seed)
    level = severity * envelope(span)
    return change_faces(pixels, points, span, drift.changing(level, drift.SHAPE * weights, drift.TONE * tone))


def envelope(span: Span) -> NDArray[np.float64]:
    """(len(span),) share of the change that has come: 1/4, 3/4, then all of it."""
    t = np.clip(np.arange(1, len(span) + 1) / _RISE_FRAMES, 0, 1)
    return 0.5 - 0.5 * np.cos(np.pi * t)


def regions(seed: int) -> tuple[str, ...]:
    """As `drift.regions`."""
    return drift.regions(seed)
