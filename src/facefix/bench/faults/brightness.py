"""Brightness flicker: features hold still, but every frame lights the face anew.

    x (1 + s e FACE n0 + s e SHADE n(p)),  n0, n: noise of unit variance with a memory of about half a frame

n is coarse and, in a small part, of another colour in every channel; e(t) is the swell, s the severity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.apply import Frame, change_faces, whole_face
from facefix.bench.faults.face_frame import FaceFrame
from facefix.bench.faults.timing import swell, wander
from facefix.types import Span

MODE = "flicker"
regions = whole_face

FACE, SHADE = 0.11, 0.13
"""Shares of the brightness at severity 1."""
_KNOTS = 6
_RAMP_FRAMES = 3
_MEMORY_FRAMES = 0.5


def inject(pixels: Iterable[Frame], points: NDArray[np.float32], severity: float, seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames, those of `span` flickering; see `facefix.bench.faults` for the parameters."""
    rng = np.random.default_rng([seed, 15])
    whole = wander(rng, len(span), 1, _MEMORY_FRAMES)[:, 0]
    parts = wander(rng, len(span), _KNOTS * _KNOTS * 3, _MEMORY_FRAMES).reshape(len(span), _KNOTS, _KNOTS, 3)
    level = severity * envelope(span)

    def change(t: int, face: FaceFrame, before: NDArray[np.float32], _: Frame) -> NDArray[np.float32]:
        shade = face.spread(parts[t])
        shade = 0.95 * np.sqrt(3) * shade.mean(-1, keepdims=True) + 0.15 * shade
        return before * np.clip(1 + level[t] * (FACE * whole[t] + SHADE * shade), 0.3, 2)

    return change_faces(pixels, points, span, change)


def envelope(span: Span) -> NDArray[np.float64]:
    """(len(span),) share of its severity that the fault has in each frame, 0..1."""
    return swell(span, _RAMP_FRAMES)
