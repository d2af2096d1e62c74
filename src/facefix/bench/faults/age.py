"""Age: the skin slowly gets older or younger, the proportions change with it, and it stays so.

With L the lightness, b_r its blur by r units, S the skin, g(t) the approach, s the severity, on top of a part of
`drift`'s change of the same seed:

    older    + s g S [ PORES (L - b_.015) + FOLDS fold + lines ],  fold = b_.012 - b_.07, dark parts counted twice
    younger  - s g S [ 0.8 (L - b_.015) + 0.7 fold ]

`lines`: creases of forehead, cheeks and lower lids, laid out in face coordinates, broken up by noise that stays on
the skin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults import drift
from facefix.bench.faults.apply import Frame, change_faces
from facefix.bench.faults.face_frame import FaceFrame, Field
from facefix.bench.faults.skin import skin_of
from facefix.types import Span

MODE = "drift"

PORES, FOLDS, LINES = 1.2, 1.3, 34.0
"""Gains, and levels of 255, at severity 1."""
_SHAPE = 0.4
"""What is left of the change of proportions."""


def inject(pixels: Iterable[Frame], points: NDArray[np.float32], severity: float, seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames, those of `span` ageing; see `facefix.bench.faults` for the parameters."""
    weights, tone = drift.direction(seed)
    rng = np.random.default_rng([seed, 14])
    wear, breaks = rng.uniform(0.7, 1.0, 3), rng.standard_normal((14, 14, 1))
    level = severity * envelope(span)
    shape = drift.changing(level, _SHAPE * drift.SHAPE * weights, 0.7 * drift.TONE * tone)
    older = _older(seed)

    def change(t: int, face: FaceFrame, before: NDArray[np.float32], picture: Frame) -> NDArray[np.float32]:
        after = shape(t, face, before, picture)
        skin = skin_of(face, np.clip(after, 0, 255).astype(np.float32))
        pores, fold = _relief(face, after.mean(-1))
        if older:
            creases = LINES * _lines(face, wear) * np.clip(0.75 + 0.5 * face.spread(breaks)[..., 0], 0.1, 1.3)
            # A crease is a shadow: in dim skin it is dim.
            creases *= np.clip(cv2.GaussianBlur(after.mean(-1), (0, 0), max(1.0, 0.04 * face.unit_px)) / 160, 0.2, 1.1)
            relief = PORES * pores + FOLDS * np.where(fold < 0, 1.4 * fold, 0.6 * fold) - creases
        else:
            relief = -(0.8 * pores + 0.7 * fold)
        return after + (level[t] * skin * relief)[..., None]

    return change_faces(pixels, points, span, change)


def envelope(span: Span) -> NDArray[np.float64]:
    """As `drift.envelope`."""
    return drift.envelope(span)


def regions(seed: int) -> tuple[str, ...]:
    """Which way this seed goes, and the tone."""
    return ("older skin" if _older(seed) else "younger skin", "skin tone")


def _older(seed: int) -> bool:
    return bool(np.random.default_rng([seed, 13]).random() < 0.6)


def _relief(face: FaceFrame, light: Field) -> tuple[Field, Field]:
    """(h, w) fine texture, and folds as wide as those of a skin; both without what is too deep to be skin's."""

    def blur(units: float) -> Field:
        return cv2.GaussianBlur(light, (0, 0), max(0.5, units * face.unit_px)).astype(np.float32)

    pores, fold = light - blur(0.015), blur(0.012) - blur(0.07)
    return pores * np.exp(-((pores / 22) ** 2)), fold * np.exp(-((fold / 22) ** 2))


def _lines(face: FaceFrame, wear: NDArray[np.float64]) -> Field:
    """(h, w), about 0..1: creases of forehead, cheeks and lower lids; `wear` (3,) says how deep each kind is."""
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    eyes = (right_eye + left_eye) / 2
    u, v = face.u, face.v

    def ridge(off: NDArray[np.floating], width: float) -> NDArray[np.floating]:
        return np.exp(-((off / width) ** 2) / 2)

    total = np.zeros_like(u)
    for k in range(4):
        bow = 0.06 * ((u - eyes[0]) / 0.5) ** 2 + 0.012 * np.sin(9 * u + 2.1 * k)
        reach = ridge(u - eyes[0], 0.34 - 0.04 * k)
        total += wear[0] * reach * ridge(v - (eyes[1] - 0.46 - 0.125 * k + bow), 0.014) * (0.9 - 0.15 * k)
    for corner, eye, side in ((right_mouth, right_eye, -1), (left_mouth, left_eye, 1)):
        start, end = nose + [0.17 * side, -0.08], corner + [0.12 * side, 0.02]
        along = (v - start[1]) / max(0.1, end[1] - start[1])
        line = start[0] + (end[0] - start[0]) * along
        total += wear[1] * ridge(u - line, 0.022) * ridge(along - 0.5, 0.33)
        lid = eye + [0.02 * side, 0.17]
        total += 0.7 * wear[2] * ridge(v - (lid[1] - 0.5 * (u - lid[0]) ** 2), 0.016) * ridge(u - lid[0], 0.13)
        for k in (-1, 0, 1):
            away = side * (u - eye[0]) - 0.3
            total += 0.55 * wear[2] * ridge(v - (eye[1] + 0.02 + k * (0.05 + 0.3 * away)), 0.010) * ridge(away - 0.08, 0.06)
    return total.astype(np.float32)
