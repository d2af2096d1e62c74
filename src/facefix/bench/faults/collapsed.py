"""Collapsed: eyes, nose and mouth melt into smooth blobs, until at 0.9 a head without a face is left.

Where it is plain, a reason for the verdict "regenerate"; what only melts can be rebuilt.

In face coordinates, e(t) the swell, s the severity, l = s e(t):

    melted = x read at p - l MELT n(p, t) - a l RUN, averaged over a in 0..1: it runs down
    blobs  = melted through a median of l BLOB units: patches of one colour with edges of their own
    flesh  = the blur of x by FLESH units over skin only, modelled by the relief of n'(p, t)
    x'     = blobs + gone(l) (flesh - blobs),  gone: 0 below 0.35, 1 from 0.85 on

Hair, ears and the outline of the head stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.apply import Frame, change_faces, whole_face
from facefix.bench.faults.face_frame import FaceFrame, Field
from facefix.bench.faults.skin import skin_of
from facefix.bench.faults.timing import swell, wander
from facefix.types import Span

MODE = "collapsed"
regions = whole_face

MELT, RUN, BLOB, FLESH, RELIEF = 0.20, 0.34, 0.34, 0.30, 0.10
"""Units, units, units, units, share of the brightness; at severity 1."""
_RAMP_FRAMES = 5
_PATH_MEMORY_FRAMES = 3.0
_KNOTS, _RELIEF_KNOTS = 7, 11
_BLOB_PX = 48
"""Units are scaled to so many pixels before the median: its price grows with its size."""


def inject(pixels: Iterable[Frame], points: NDArray[np.float32], severity: float, seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames, those of `span` melting; see `facefix.bench.faults` for the parameters."""
    rng = np.random.default_rng([seed, 17])
    melt = wander(rng, len(span), _KNOTS**2 * 3, _PATH_MEMORY_FRAMES).reshape(len(span), _KNOTS, _KNOTS, 3)
    bumps = wander(rng, len(span), _RELIEF_KNOTS**2, 2 * _PATH_MEMORY_FRAMES)
    bumps = bumps.reshape(len(span), _RELIEF_KNOTS, _RELIEF_KNOTS, 1)
    level = severity * envelope(span)

    def change(t: int, face: FaceFrame, before: NDArray[np.float32], _: Frame) -> NDArray[np.float32]:
        now, noise, inner = level[t], face.spread(melt[t]), _inner(face)
        move = MELT * now * noise[..., :2] * inner[..., None]
        run = RUN * now * inner * np.clip(0.6 + 0.5 * noise[..., 2], 0, 1.5)
        melted = np.zeros_like(before)
        for share in (0.0, 0.33, 0.67, 1.0):
            melted += face.displace(before, move[..., 0], (move[..., 1] + share * run).astype(np.float32)) / 4
        blobs = before + inner[..., None] * (_blobs(face, melted, now) - before)
        gone = np.clip((now - 0.35) / 0.5, 0, 1) * inner
        flesh = _flesh(face, before) * (1 + RELIEF * _relief(face, bumps[t]))[..., None]
        return blobs + gone[..., None] * (flesh - blobs)

    return change_faces(pixels, points, span, change)


def envelope(span: Span) -> NDArray[np.float64]:
    """(len(span),) share of its severity that the fault has in each frame, 0..1."""
    return swell(span, _RAMP_FRAMES)


def _inner(face: FaceFrame) -> Field:
    """(h, w) 1 from above the brows to the chin, 0 at the outline."""
    middle = 0.5 * face.landmarks[2, 0]
    radius = np.hypot((face.u - middle) / 1.14, face.v / np.where(face.v < 0, 1.36, 1.2))
    t = np.clip((1 - radius) / 0.26, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32) * face.region


def _blobs(face: FaceFrame, melted: NDArray[np.float32], now: float) -> NDArray[np.float32]:
    scale = min(1.0, _BLOB_PX / face.unit_px)
    size = 2 * int(BLOB * now * face.unit_px * scale / 2) + 1
    if size < 3:
        return melted
    small = cv2.resize(np.clip(melted, 0, 255).astype(np.uint8), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    flat = cv2.GaussianBlur(cv2.medianBlur(small, size).astype(np.float32), (0, 0), 0.8)
    flat = cv2.resize(flat, melted.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    # A small median on a large face would only show its smaller scale: come in slowly.
    return (melted + np.clip(now / 0.12, 0, 1) * (flat - melted)).astype(np.float32)


def _relief(face: FaceFrame, knots: NDArray[np.float64]) -> Field:
    """(h, w) about -1..1: rounded bumps lit from above."""
    slope = np.gradient(face.spread(knots)[..., 0], axis=0) * face.unit_px
    return np.tanh(0.4 * slope).astype(np.float32)


def _flesh(face: FaceFrame, before: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w, 3) what the face would look like if it were all skin."""
    marks = face.landmarks
    skin = skin_of(face, before)
    for place, radius in ((marks[0], 0.27), (marks[1], 0.27), (marks[2], 0.2), (marks[3:].mean(0), 0.34)):
        skin = skin * (1 - np.clip(1.5 * face.near(place, radius), 0, 1))
    weight = skin[..., None] + 1e-3
    blur = max(0.7, FLESH * face.unit_px)
    covered = cv2.GaussianBlur(weight, (0, 0), blur).reshape(*face.u.shape, 1)
    return (cv2.GaussianBlur(before * weight, (0, 0), blur) / covered).astype(np.float32)
