"""Where a picture shows the skin of a face."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.face_frame import FaceFrame, Field

_UNEVENNESS = 8.0
"""Standard deviation of CIE lightness, within a tenth of the distance between the eyes, that skin seldom has."""


def skin_of(face: FaceFrame, pixels: NDArray[np.float32]) -> Field:
    """(h, w) in 0..1: skin in (h, w, 3) RGB 0..255, told by likeness to this face's own cheeks and nose.

    Colour is compared in CIE Lab with little weight on lightness, so that the shaded side counts and brows,
    beard, glasses and hair do not; eyes and lips are left out by place as well.
    """
    lab = cv2.cvtColor(pixels / 255, cv2.COLOR_RGB2LAB)
    lab = cv2.GaussianBlur(lab, (0, 0), max(0.6, 0.02 * face.unit_px))
    marks = face.landmarks
    cheeks = [0.5 * marks[0] + 0.5 * marks[3], 0.5 * marks[1] + 0.5 * marks[4], marks[2] - [0, 0.2]]
    sampled = np.concatenate([lab[face.near(c, 0.12) > 0.6].reshape(-1, 3) for c in cheeks])
    if len(sampled) < 8:
        return np.zeros_like(face.u)
    reference = np.median(sampled, axis=0)
    tolerance = np.array([24.0, 8.5, 8.5])
    apart = (lab - reference) / tolerance
    apart[..., 0] *= np.where(apart[..., 0] > 0, 0.6, 1.0)  # a highlight is skin
    likeness = np.exp(-(apart**2).sum(-1) / 2)
    # Fair hair can have the skin's colour, but not its evenness. The middle of a face is uneven by right.
    outer = np.clip(2.5 * (np.hypot(face.u / 0.95, (face.v - 0.25) / 1.15) - 0.75), 0, 1)
    light = lab[..., 0]
    wide = max(1.0, 0.06 * face.unit_px)
    uneven = cv2.GaussianBlur(light * light, (0, 0), wide) - cv2.GaussianBlur(light, (0, 0), wide) ** 2
    likeness *= np.exp(-outer * np.clip(uneven, 0, None) / _UNEVENNESS**2)
    mask = np.clip((likeness - 0.15) / 0.3, 0, 1)
    for eye in marks[:2]:
        almond = np.exp(-(((face.u - eye[0]) / 0.2) ** 2 + ((face.v - eye[1]) / 0.1) ** 2))
        mask *= 1 - 0.85 * np.clip(1.6 * almond, 0, 1)
    mouth = marks[3:].mean(0)
    half = max(0.25, 0.5 * float(np.linalg.norm(marks[4] - marks[3])))
    lips = np.exp(-((((face.u - mouth[0]) / half) ** 2 + ((face.v - mouth[1]) / 0.16) ** 2) ** 2))
    mask = mask * (1 - 0.6 * lips)
    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(0.6, 0.025 * face.unit_px)) * face.region
