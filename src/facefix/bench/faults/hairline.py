"""Hairline: the drift that shows first in long shots. The hair recedes or grows over the forehead, brows follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults import drift
from facefix.bench.faults.apply import Frame, change_faces
from facefix.types import Span

MODE = "drift"

_OTHERS = 0.35
"""What is left of the other proportions' change."""


def inject(pixels: Iterable[Frame], points: NDArray[np.float32], severity: float, seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames, those of `span` drifting; see `facefix.bench.faults` for the parameters."""
    shape, tone = _direction(seed)
    level = severity * envelope(span)
    return change_faces(pixels, points, span, drift.changing(level, drift.SHAPE * shape, _OTHERS * drift.TONE * tone))


def envelope(span: Span) -> NDArray[np.float64]:
    """As `drift.envelope`."""
    return drift.envelope(span)


def regions(seed: int) -> tuple[str, ...]:
    """Hairline and brows, whatever the seed."""
    del seed
    return ("hairline", "brow height")


def _direction(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    weights, tone = drift.direction(seed)
    shape = _OTHERS * weights
    rng = np.random.default_rng([seed, 12])
    hair = drift.PROPORTIONS.index("hairline")
    shape[hair] = rng.choice([-1.0, 1.0]) * rng.uniform(0.75, 1.0)
    shape[drift.PROPORTIONS.index("brow height")] = 0.3 * shape[hair]
    return shape, tone
