"""Flicker: the face boils, for each frame was drawn anew; shading and features ghost in and out.

Per frame nearly independent draws, all attached to the face, e(t) the swell, s the severity:

    read at p - s e BOIL n2(p)                      features land a little elsewhere
    x (1 + s e SHADE n3(p))                         light and tint, coarse, per channel
    + s e DETAIL m(p) (x - blur(x))                 sharpness comes and goes in patches
    + s e TEXTURE g(x) n(p)                         coloured noise of feature size, stronger where there is contrast
    mix with a second face for one or two frames    an earlier frame's face, enlarged and moved, weight up to GHOST s

n: smooth noise of unit variance with a memory of about half a frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.apply import Frame, change_faces, whole_face
from facefix.bench.faults.face_frame import FaceFrame
from facefix.bench.faults.timing import swell, wander
from facefix.types import Span

MODE = "flicker"
regions = whole_face

BOIL, SHADE, DETAIL, TEXTURE, GHOST = 0.034, 0.11, 0.7, 9.0, 0.65
"""At severity 1: units, share of the colour, share of the detail, levels of 255, weight."""
_RAMP_FRAMES = 3
_MEMORY_FRAMES = 0.5
_GHOST_AGE_FRAMES = 5


def inject(pixels: Iterable[Frame], points: NDArray[np.float32], severity: float, seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames, those of `span` boiling; see `facefix.bench.faults` for the parameters."""
    rng = np.random.default_rng([seed, 2])
    level = severity * envelope(span)
    boil, shade, sharp, grain = (_knots(rng, len(span), *shape) for shape in ((9, 2), (6, 3), (8, 1), (30, 3)))
    ghost, offset = _ghosts(rng, len(span))
    past: deque[tuple[FaceFrame, Frame]] = deque(maxlen=_GHOST_AGE_FRAMES)

    def change(t: int, face: FaceFrame, before: NDArray[np.float32], frame: Frame) -> NDArray[np.float32]:
        move = (BOIL * level[t]) * face.spread(boil[t]) * face.region[..., None]
        boiled = face.displace(before, move[..., 0], move[..., 1])
        past.append((face, frame))
        if ghost[t]:
            boiled += GHOST * level[t] * ghost[t] * (_second_face(face, past[0], offset[t]) - boiled)
        base = cv2.GaussianBlur(boiled, (0, 0), max(0.7, 0.04 * face.unit_px))
        detail = boiled - base
        contrast = cv2.GaussianBlur(np.abs(detail).mean(-1), (0, 0), max(1.0, 0.1 * face.unit_px))
        presence = 0.45 + np.clip(contrast / 8, 0, 1)[..., None]
        tint = face.spread(shade[t])
        tint = 0.85 * tint.mean(-1, keepdims=True) * np.sqrt(3) + 0.22 * tint
        noise = face.spread(grain[t])
        noise = 0.85 * noise.mean(-1, keepdims=True) * np.sqrt(3) + 0.3 * noise
        s = level[t]
        sharpened = base + detail * np.clip(1 + s * DETAIL * face.spread(sharp[t]), 0.05, 2.2)
        return sharpened * np.clip(1 + s * SHADE * tint, 0.3, 2) + s * TEXTURE * presence * noise

    return change_faces(pixels, points, span, change)


def envelope(span: Span) -> NDArray[np.float64]:
    """(len(span),) share of its severity that the fault has in each frame, 0..1."""
    return swell(span, _RAMP_FRAMES)


def _knots(rng: np.random.Generator, frames: int, side: int, channels: int) -> NDArray[np.float64]:
    noise = wander(rng, frames, side * side * channels, _MEMORY_FRAMES)
    return noise.reshape(frames, side, side, channels)


def _ghosts(rng: np.random.Generator, frames: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weight 0..1 and (frames, 3) shift and growth of the second face: one or two frames, every four to seven."""
    weight, offset = np.zeros(frames), np.zeros((frames, 3))
    t = int(rng.integers(2, 4))
    while t < frames:
        length = int(rng.integers(1, 3))
        weight[t : t + length] = rng.uniform(0.7, 1.0)
        heading = rng.uniform(0, 2 * np.pi)
        offset[t : t + length] = 0.09 * np.cos(heading), 0.09 * np.sin(heading), rng.uniform(-0.05, 0.07)
        t += length + int(rng.integers(3, 6))
    return weight, offset


def _second_face(face: FaceFrame, past: tuple[FaceFrame, Frame], offset: NDArray[np.float64]) -> NDArray[np.float32]:
    """An earlier face, with the expression it had, laid over this one a little off."""
    then, picture = past
    growth = 1 + offset[2]
    return then.look_up(picture, (face.u - offset[0]) / growth, (face.v - offset[1]) / growth)
