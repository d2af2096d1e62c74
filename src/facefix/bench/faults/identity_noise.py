"""Identity noise: every frame draws a slightly different person.

The proportions and the tone of `drift`, drawn nearly independently for every frame, with e(t) the swell and s the
severity: read at p - s e(t) SHAPE sum_j w_j(t) b_j(p); Lab += s e(t) TONE n(t) S.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults import drift
from facefix.bench.faults.apply import Frame, change_faces, whole_face
from facefix.bench.faults.face_frame import FaceFrame
from facefix.bench.faults.timing import swell, wander
from facefix.types import Span

MODE = "flicker"
regions = whole_face

SHAPE, TONE = 0.24, 3.0
"""Length of the change in units and in CIE Lab at severity 1; see `drift`."""
_RAMP_FRAMES = 3
_MEMORY_FRAMES = 0.5


def inject(pixels: Iterable[Frame], points: NDArray[np.float32], severity: float, seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames, those of `span` spoiled; see `facefix.bench.faults` for the parameters."""
    rng = np.random.default_rng([seed, 16])
    count = len(drift.PROPORTIONS)
    weights = wander(rng, len(span), count, _MEMORY_FRAMES) / np.sqrt(count)
    tones = (wander(rng, len(span), 3, _MEMORY_FRAMES) * [0.9, 0.35, 0.45]).astype(np.float32)
    level = severity * envelope(span)

    def change(t: int, face: FaceFrame, before: NDArray[np.float32], picture: Frame) -> NDArray[np.float32]:
        person = drift.changing(level[t : t + 1], SHAPE * weights[t], TONE * tones[t])
        return person(0, face, before, picture)

    return change_faces(pixels, points, span, change)


def envelope(span: Span) -> NDArray[np.float64]:
    """(len(span),) share of its severity that the fault has in each frame, 0..1."""
    return swell(span, _RAMP_FRAMES)
