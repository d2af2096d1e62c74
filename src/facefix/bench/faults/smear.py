"""Smear: the texture of one half of the face is dragged along, as when a generator turns a head it saw from one side.

In face coordinates p = (u, v), with h the coordinate that grows from the nose to the ear of the spoiled half,
e(t) the swell, s the severity, w a unit vector that points across the face and sways a little:

    d(p, t) = s e(t) DRAG arch(h) (1 + RAGGED n(v, t)) w(t)
    x'(p)   = sum_k a_k x(p - c_k d),  c_k from FROM to 1

arch rises from the nose to the cheek and is back at 0 at the outline of the face, which generators keep. The half is
stretched on one side of its crest and squeezed on the other, and lines along w average out; n gives neighbouring
streaks another length. The other half stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.apply import Frame, change_faces
from facefix.bench.faults.face_frame import FaceFrame, Field
from facefix.bench.faults.timing import swell, wander
from facefix.types import Span

MODE = "warp"

DRAG, RAGGED = 0.46, 0.30
"""Units at severity 1; share."""
WIDTH = 0.86
"""From nose to outline at the height of the cheekbones, units; less at the jaw and on the far side of a turned head."""
FROM = 0.30
_TAPS = 7
_RAMP_FRAMES = 5
_PATH_MEMORY_FRAMES = 3.0
_STREAKS = 14


def inject(pixels: Iterable[Frame], points: NDArray[np.float32], severity: float, seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames, those of `span` smeared; see `facefix.bench.faults` for the parameters."""
    side, outward = _drawn(seed)
    rng = np.random.default_rng([seed, 11])
    slope = rng.uniform(-0.35, 0.35) + 0.15 * wander(rng, len(span), 1, _PATH_MEMORY_FRAMES)[:, 0]
    streaks = wander(rng, len(span), _STREAKS, _PATH_MEMORY_FRAMES)
    level = severity * envelope(span)

    def change(t: int, face: FaceFrame, before: NDArray[np.float32], _: Frame) -> NDArray[np.float32]:
        length = DRAG * level[t] * _arch(face, side) * (1 + RAGGED * _ragged(face, streaks[t])) * face.region
        du, dv = side * outward * length, slope[t] * length
        # The far end of the drag weighs most: what was torn off lies there, the rest is its trail.
        share = np.linspace(FROM, 1, _TAPS)
        taps = [c * face.displace(before, (c * du).astype(np.float32), (c * dv).astype(np.float32)) for c in share]
        smeared = np.sum(taps, axis=0) / share.sum()
        # A short drag leaves no trail; without this a taps' blur would begin at once.
        trail = np.clip(length / 0.03, 0, 1)[..., None]
        return before + trail * (smeared - before)

    return change_faces(pixels, points, span, change)


def envelope(span: Span) -> NDArray[np.float64]:
    """(len(span),) share of its severity that the fault has in each frame, 0..1."""
    return swell(span, _RAMP_FRAMES)


def regions(seed: int) -> tuple[str, ...]:
    """The half that this seed smears; right and left are the person's."""
    return ("half_left",) if _drawn(seed)[0] > 0 else ("half_right",)


def _drawn(seed: int) -> tuple[int, int]:
    """(+1: the half at image right, -1: left; +1: dragged outward, -1: across the nose)."""
    rng = np.random.default_rng([seed, 10])
    return int(rng.choice([-1, 1])), int(rng.choice([-1, 1], p=[0.35, 0.65]))


def _arch(face: FaceFrame, side: int) -> Field:
    """(h, w) 0 on the sound half and at the outline of the face, 1 on the cheek of the spoiled half."""
    nose = face.landmarks[2, 0]
    # Of a turned head the half that the nose points to is narrow, and the middle of the face follows the nose.
    outline = np.sqrt(np.clip(1 - (face.v / np.where(face.v < 0, 1.6, 1.28)) ** 2, 0.05, 1))
    away = np.clip(side * (face.u - 0.5 * nose) / (outline * max(0.4, WIDTH - 0.9 * side * nose)), 0, 1)
    return (np.sin(np.pi * away**0.85) ** 1.3).astype(np.float32)


def _ragged(face: FaceFrame, streaks: NDArray[np.float64]) -> Field:
    """(h, w) smooth noise along v only."""
    at = (face.v / 1.6 + 1) / 2 * (len(streaks) - 1)
    fine = cv2.resize(streaks[:, None].astype(np.float32), (1, 8 * len(streaks)), interpolation=cv2.INTER_CUBIC)[:, 0]
    return np.interp(8 * at + 3.5, np.arange(len(fine)), fine).astype(np.float32)
