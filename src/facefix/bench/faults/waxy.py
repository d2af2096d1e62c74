"""Waxy: skin without pores, lines or grain, glossy and evenly lit, under hair and eyes that stay sharp.

With S the skin, e(t) the swell, s the severity, F a guided filter of radius RADIUS units and threshold EDGE
(He, Sun and Tang 2010), all in 0..1:

    smooth = F(x), its folds and mottle (0.04 to 0.16 units) halved and its chroma spread
    gloss  = GLOSS h(light)^2 + SHAPE (blur_0.12(light) - blur_0.45(light))
    x' = x + S (min(1, 1.3 s e) (smooth - x) + s e gloss)

Eyes and lips take a part of the smoothing, no gloss.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.apply import Frame, change_faces
from facefix.bench.faults.face_frame import FaceFrame, Field
from facefix.bench.faults.skin import skin_of
from facefix.bench.faults.timing import swell
from facefix.types import Span

MODE = "waxy"

RADIUS, EDGE = 0.07, 0.06
GLOSS, SHAPE = 0.13, 0.32
_FEATURES = 0.45
"""Share of the smoothing that eyes, brows and lips take."""
_SMOOTHING = 1.3
_RAMP_FRAMES = 6


def inject(pixels: Iterable[Frame], points: NDArray[np.float32], severity: float, seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames, those of `span` waxed; see `facefix.bench.faults` for the parameters."""
    rng = np.random.default_rng([seed, 3])
    gloss = GLOSS * rng.uniform(0.7, 1.2)
    level = severity * envelope(span)

    def change(t: int, face: FaceFrame, before: NDArray[np.float32], _: Frame) -> NDArray[np.float32]:
        skin = skin_of(face, before)
        picture = (before / 255).astype(np.float32)
        smooth = _smooth_skin(face, picture)
        shine = _shine(face, picture, skin, gloss)
        inner = np.clip(np.sqrt((face.u / 0.85) ** 2 + ((face.v - 0.05) / 0.95) ** 2), 0, 1)
        features = _FEATURES * (1 - inner**6)
        smoothing = np.maximum(skin, features * face.region)[..., None]
        after = picture + min(1.0, _SMOOTHING * level[t]) * smoothing * (smooth - picture)
        after += level[t] * (skin * shine)[..., None]
        return after * 255

    return change_faces(pixels, points, span, change)


def envelope(span: Span) -> NDArray[np.float64]:
    """(len(span),) share of its severity that the fault has in each frame, 0..1."""
    return swell(span, _RAMP_FRAMES)


def regions(seed: int) -> tuple[str, ...]:
    """The skin, whatever the seed."""
    del seed
    return ("skin",)


def _blur(image: NDArray[np.float32], face: FaceFrame, units: float) -> NDArray[np.float32]:
    return cv2.GaussianBlur(image, (0, 0), max(0.5, units * face.unit_px)).astype(np.float32)


def _guided(image: NDArray[np.float32], guide: Field, radius_px: int, edge: float) -> NDArray[np.float32]:
    """The guided filter of (h, w, c) by a grey (h, w) guide; edges of a contrast well above `edge` survive."""
    size = (2 * radius_px + 1, 2 * radius_px + 1)
    mean = cv2.blur(guide, size)
    variance = cv2.blur(guide * guide, size) - mean * mean
    mean_image = cv2.blur(image, size)
    covariance = cv2.blur(image * guide[..., None], size) - mean_image * mean[..., None]
    slope = covariance / (variance + edge**2)[..., None]
    offset = mean_image - slope * mean[..., None]
    return cv2.blur(slope, size) * guide[..., None] + cv2.blur(offset, size)


def _smooth_skin(face: FaceFrame, picture: NDArray[np.float32]) -> NDArray[np.float32]:
    guide = _blur(picture.mean(-1), face, 0.008)
    smooth = _guided(picture, guide, max(1, round(RADIUS * face.unit_px)), EDGE)
    light = smooth.mean(-1, keepdims=True)
    folds = _blur(light[..., 0], face, 0.04) - _blur(light[..., 0], face, 0.16)
    # Only shallow folds go: eyes, nostrils and the mouth are deeper than any line of the skin.
    shallow = np.exp(-((folds / 0.06) ** 2))
    chroma = smooth - light
    calm = _guided(chroma, light[..., 0], max(1, round(0.14 * face.unit_px)), 0.05)
    return np.asarray(light + 0.4 * chroma + 0.6 * calm - (0.5 * folds * shallow)[..., None], np.float32)


def _shine(face: FaceFrame, picture: NDArray[np.float32], skin: Field, gloss: float) -> Field:
    """(h, w) light added: highlights that bloom, and rounder shading, as on moulded wax."""
    light = _blur(picture.mean(-1), face, 0.07)
    shown = light[skin > 0.5]
    if shown.size < 16:
        return np.zeros_like(light)
    low, high = np.percentile(shown, [55, 97])
    t = np.clip((light - low) / max(0.02, high - low), 0, 1)
    bloom = _blur((t * t * (3 - 2 * t)) ** 2, face, 0.03)
    covered = _blur(skin, face, 0.45) + 1e-3
    wide = _blur(light * skin, face, 0.45) / covered
    # A highlight is a reflection of the light there is: in a dim picture it is dim.
    return (gloss * min(1.0, high / 0.7) * bloom + SHAPE * (light - wide)).astype(np.float32)
