"""Drift: no frame is broken, but the person slowly becomes someone else and stays so to the end of the span.

A seed draws one direction of change: weights w_j of unit length over the proportions below, each a smooth
displacement field b_j(p) in face coordinates, and a change of skin tone (dL, da, db) in CIE Lab. With g(t)
rising from 0 to 1 over the span, s the severity and S the skin:

    read at p - s g(t) SHAPE sum_j w_j b_j(p);    Lab += s g(t) TONE (dL, da, db) S

Proportions: nose width and length, eye spacing and size, brow height, jaw and cheek width, chin length, mouth
width and height, hairline. All are symmetric: generators draw plausible faces, of the wrong person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.apply import Change, Frame, change_faces
from facefix.bench.faults.face_frame import FaceFrame, Field
from facefix.bench.faults.skin import skin_of
from facefix.bench.faults.timing import approach
from facefix.types import Span

MODE = "drift"

SHAPE = 0.72
"""Length of the whole change in units at severity 1, before each proportion's own scale."""
TONE = 9.0
"""Length of the change of tone in CIE Lab at severity 1."""
PROPORTIONS = (
    "nose width", "nose length", "eye spacing", "eye size", "brow height", "jaw width", "cheek width",
    "chin length", "mouth width", "mouth height", "hairline",
)  # fmt: skip


def inject(pixels: Iterable[Frame], points: NDArray[np.float32], severity: float, seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames, those of `span` drifting; see `facefix.bench.faults` for the parameters."""
    weights, tone = direction(seed)
    return change_faces(pixels, points, span, changing(severity * envelope(span), SHAPE * weights, TONE * tone))


def changing(level: NDArray[np.float64], shape: NDArray[np.float64], tone: NDArray[np.float32]) -> Change:
    """A change of person that has come as far as `level` (frames,) says.

    Args:
        shape: (proportions,) change of each at level 1, units before the proportion's own scale.
        tone: (3,) change of the skin in CIE Lab at level 1.
    """

    def change(t: int, face: FaceFrame, before: NDArray[np.float32], _: Frame) -> NDArray[np.float32]:
        move = np.tensordot(shape, proportions(face), axes=1) * face.region[..., None]
        shaped = face.displace(before, level[t] * move[..., 0], level[t] * move[..., 1])
        skin = skin_of(face, before)
        skin = face.displace(np.repeat(skin[..., None], 3, -1), level[t] * move[..., 0], level[t] * move[..., 1])
        lab = cv2.cvtColor(np.clip(shaped, 0, 255) / 255, cv2.COLOR_RGB2LAB)
        toned = cv2.cvtColor((lab + level[t] * tone * skin).astype(np.float32), cv2.COLOR_LAB2RGB)
        return shaped + 255 * (toned - cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))

    return change


def envelope(span: Span) -> NDArray[np.float64]:
    """(len(span),) how far the change has come: 0..1, never falling."""
    return approach(span)


def regions(seed: int) -> tuple[str, ...]:
    """The proportions that change most, and the tone."""
    weights, _ = direction(seed)
    most = np.argsort(-np.abs(weights))[:5]
    return (*(PROPORTIONS[j] for j in most), "skin tone")


def direction(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """What a seed changes: (proportions,) weights and (3,) tone in CIE Lab, both of length 1."""
    rng = np.random.default_rng([seed, 4])
    # Bounded away from 0: a drift is the sum of many changes, not one feature gone astray.
    weights = rng.choice([-1.0, 1.0], len(PROPORTIONS)) * rng.uniform(0.35, 1.0, len(PROPORTIONS))
    # Skin turns darker, paler, ruddier or more tanned, never green or blue: along lightness and saturation, little hue.
    lightness, saturation, hue = rng.standard_normal(3) * [1.0, 0.9, 0.35]
    tone = np.array([lightness, 0.6 * saturation + 0.8 * hue, 0.8 * saturation - 0.6 * hue])
    return weights / np.linalg.norm(weights), (tone / np.linalg.norm(tone)).astype(np.float32)


def _below(point: NDArray[np.float64], dv: float) -> NDArray[np.float64]:
    return point + np.array((0.0, dv))


def proportions(face: FaceFrame) -> NDArray[np.float32]:
    """(proportions, h, w, 2): displacement of each, in units, positive for wider, longer, higher or further apart."""
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    eyes, mouth = (right_eye + left_eye) / 2, (right_mouth + left_mouth) / 2
    u, v = face.u, face.v
    none = np.zeros_like(u)
    middle = eyes[0] + (mouth[0] - eyes[0]) * np.clip((v - eyes[1]) / max(0.1, mouth[1] - eyes[1]), -0.5, 1.5)

    def oval(centre: NDArray[np.float64], wide: float, high: float) -> Field:
        return np.exp(-(((u - centre[0]) / wide) ** 2 + ((v - centre[1]) / high) ** 2) / 2)

    at_nose = oval(_below(nose, -0.08), 0.24, 0.30)
    at_right, at_left = oval(right_eye, 0.28, 0.24), oval(left_eye, 0.28, 0.24)
    at_mouth = oval(mouth, 0.42, 0.22)
    brows = oval(_below(right_eye, -0.32), 0.34, 0.15) + oval(_below(left_eye, -0.32), 0.34, 0.15)
    jaw, cheeks = np.exp(-(((v - mouth[1] - 0.25) / 0.38) ** 2) / 2), np.exp(-(((v - nose[1]) / 0.35) ** 2) / 2)
    side = np.tanh((u - middle) / 0.45)
    fields = (
        (1.5 * (u - nose[0]) * at_nose, none),
        (none, 0.55 * oval(nose, 0.26, 0.24)),
        (0.42 * (at_left - at_right), none),
        (
            1.4 * ((u - right_eye[0]) * at_right + (u - left_eye[0]) * at_left),
            1.4 * ((v - right_eye[1]) * at_right + (v - left_eye[1]) * at_left),
        ),
        (none, -0.42 * brows),
        (0.42 * side * jaw, none),
        (0.34 * side * cheeks, none),
        (none, 0.55 * oval(_below(mouth, 0.68), 0.55, 0.30)),
        (1.1 * (u - mouth[0]) * at_mouth, none),
        (none, -0.36 * at_mouth),
        (none, -0.6 * oval(_below(eyes, -0.85), 0.75, 0.28)),
    )
    return np.stack([np.stack(pair, -1) for pair in fields]).astype(np.float32)
