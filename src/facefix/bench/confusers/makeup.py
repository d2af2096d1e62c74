"""Make-up: skin evened out over the whole clip, lips redder, eyes darker. The person looks so; nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.apply import Frame, change_faces
from facefix.bench.faults.face_frame import FaceFrame
from facefix.bench.faults.skin import skin_of
from facefix.types import Span


def makeup(pixels: Iterable[Frame], points: NDArray[np.float32], seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames; those of `span` made up, evenly: blemishes and folds soften, pores stay in part."""
    rng = np.random.default_rng([seed, 29])
    cover, lips, eyes = rng.uniform(0.6, 0.85), rng.uniform(0.3, 0.9), rng.uniform(0.2, 0.5)

    def change(t: int, face: FaceFrame, before: NDArray[np.float32], _: Frame) -> NDArray[np.float32]:
        del t
        skin = skin_of(face, before)[..., None]
        wide = max(0.7, 0.06 * face.unit_px)
        base = cv2.GaussianBlur(before, (0, 0), wide)
        middle = before - base
        fine = before - cv2.GaussianBlur(before, (0, 0), max(0.5, 0.012 * face.unit_px))
        # What is deep is a feature or a shadow, which foundation does not hide.
        shallow = np.exp(-((cv2.GaussianBlur(middle, (0, 0), 1.0).mean(-1, keepdims=True) / 14) ** 2))
        after = before - cover * skin * shallow * (middle - 0.6 * fine)
        right_eye, left_eye, _nose, right_mouth, left_mouth = face.landmarks
        mouth, half = (right_mouth + left_mouth) / 2, max(0.2, 0.5 * abs(left_mouth[0] - right_mouth[0]))
        at_lips = np.exp(-((((face.u - mouth[0]) / half) ** 2 + ((face.v - mouth[1]) / 0.15) ** 2) ** 2))
        redness = np.clip((before[..., 0] - before[..., 1:].mean(-1)) / 60, 0, 1)
        paint = lips * (at_lips * redness * face.region)[..., None]
        after = after + paint * np.array([6.0, -26.0, -18.0], np.float32)
        lids = face.near(right_eye - [0, 0.06], 0.14) + face.near(left_eye - [0, 0.06], 0.14)
        dark = np.clip((120 - before.mean(-1)) / 90, 0, 1)
        return (after * (1 - eyes * (lids * dark * face.region)[..., None])).astype(np.float32)

    return change_faces(pixels, points, span, change)
