"""Warp: features slide, stretch and double for some frames, as when a generator loses the face in a turn.

In face coordinates p = (u, v), t frames into the span, e(t) the swell, s the severity, features k at c_k:

    d(p, t) = s e(t) [ sum_k exp(-|p - c_k|^2 / 2 r_k^2) (a q_k(t) + b M_k(t) (p - c_k) / r_k) + c n(p, t) ]

q_k: a fixed direction plus a slow random path; M_k: a slowly changing 2x2 matrix (stretch, shear, twirl);
n: smooth vector noise that travels with the face. The picture is read at p - d. One feature is shown twice:
a copy displaced by what d was some frames ago, mixed in with weight up to GHOST s. Where the displacement is
large the picture softens, for a generator draws no pores on what it does not understand.
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

SLIDE, STRETCH, ELASTIC = 0.115, 0.11, 0.025
"""a, b, c above, in units at severity 1."""
GHOST = 0.55
"""Weight of the doubled feature at severity 1."""
_GHOST_LAG_FRAMES = 4
_RAMP_FRAMES = 5
_PATH_MEMORY_FRAMES = 2.2
_NOISE_KNOTS = 8
_RADII = {"eye": 0.27, "nose": 0.30, "mouth": 0.30, "cheek": 0.42, "jaw": 0.40}


def inject(pixels: Iterable[Frame], points: NDArray[np.float32], severity: float, seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames, those of `span` warped; see `facefix.bench.faults` for the parameters."""
    features = regions(seed)
    rng = np.random.default_rng([seed, 1])
    count, length = len(features), len(span) + _GHOST_LAG_FRAMES
    heading = rng.uniform(0, 2 * np.pi, count)
    direction = np.stack([np.cos(heading), np.sin(heading)], -1)
    slide = 0.75 * direction + 0.45 * wander(rng, length, 2 * count, _PATH_MEMORY_FRAMES).reshape(length, count, 2)
    bend = rng.standard_normal((count, 2, 2)) * 0.7
    bend = bend + 0.5 * wander(rng, length, 4 * count, _PATH_MEMORY_FRAMES).reshape(length, count, 2, 2)
    elastic = wander(rng, length, 2 * _NOISE_KNOTS**2, _PATH_MEMORY_FRAMES)
    elastic = elastic.reshape(length, _NOISE_KNOTS, _NOISE_KNOTS, 2)
    level = severity * envelope(span)
    doubled = features[int(rng.integers(count))]

    def field(step: int, face: FaceFrame) -> Field:
        total = ELASTIC * face.spread(elastic[step])
        for k, feature in enumerate(features):
            centre, radius = _place(face, feature), _RADII[feature.split("_")[0]]
            offset = np.stack([face.u - centre[0], face.v - centre[1]], -1) / radius
            push = SLIDE * slide[step, k] + STRETCH * np.einsum("ij,hwj->hwi", bend[step, k], offset)
            total = total + face.near(centre, radius)[..., None] * push
        return (total * face.region[..., None]).astype(np.float32)

    def change(t: int, face: FaceFrame, before: NDArray[np.float32], _: Frame) -> NDArray[np.float32]:
        now = level[t] * field(t + _GHOST_LAG_FRAMES, face)
        earlier = level[t] * field(t, face)
        bent = face.displace(before, now[..., 0], now[..., 1])
        length_of = np.linalg.norm(now, axis=-1)
        soft = cv2.GaussianBlur(bent, (0, 0), max(0.5, 0.018 * face.unit_px))
        bent += (np.clip(length_of / 0.25, 0, 0.6)[..., None]) * (soft - bent)
        double = face.displace(before, earlier[..., 0] - 0.4 * now[..., 0], earlier[..., 1] - 0.4 * now[..., 1])
        where = GHOST * level[t] * face.near(_place(face, doubled), 0.36) * face.region
        return bent + where[..., None] * (double - bent)

    return change_faces(pixels, points, span, change)


def envelope(span: Span) -> NDArray[np.float64]:
    """(len(span),) share of its severity that the fault has in each frame, 0..1."""
    return swell(span, _RAMP_FRAMES)


def regions(seed: int) -> tuple[str, ...]:
    """The features that this seed warps: the nose, one eye, one mouth corner, and a cheek or the jaw."""
    rng = np.random.default_rng([seed, 0])
    sides = [str(side) for side in rng.choice(["right", "left"], 3)]
    last = f"cheek_{sides[2]}" if rng.random() < 0.6 else "jaw"
    return ("nose", f"eye_{sides[0]}", f"mouth_{sides[1]}", last)


def _place(face: FaceFrame, feature: str) -> NDArray[np.float64]:
    """(2,) face coordinates of a feature; right and left are the person's."""
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    places = {
        "nose": nose, "eye_right": right_eye, "eye_left": left_eye,
        "mouth_right": right_mouth, "mouth_left": left_mouth,
        "cheek_right": (right_eye + right_mouth) / 2 + [-0.22, 0.1],
        "cheek_left": (left_eye + left_mouth) / 2 + [0.22, 0.1],
        "jaw": (right_mouth + left_mouth) / 2 + [0.0, 0.5],
    }  # fmt: skip
    return places[feature]
