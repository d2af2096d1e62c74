"""Hand-made detections: heads that move as told, seen by a detector that trembles as told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from facefix.faces.align import FFHQ_TEMPLATE
from facefix.types import Face, Shot, Span

UNIT = (FFHQ_TEMPLATE - FFHQ_TEMPLATE.mean(0)) / 240
"""Five points of a face one unit wide, about its middle."""


def seen(
    frame: int,
    x: float,
    y: float = 200.0,
    size: float = 60.0,
    roll: float = 0.0,
    score: float = 0.9,
    identity: np.ndarray | None = None,
    trembling: np.ndarray | float = 0.0,
) -> Face:
    """A face `size` px wide with its middle at x, y; trembling, (5, 2) px, is added to the points, its mean to the box."""
    a = np.radians(roll)
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    points = size * UNIT @ turn + [x, y] + trembling
    shift = np.broadcast_to(trembling, (5, 2)).mean(0)
    half = np.array([0.5, 0.65]) * size
    middle = np.array([x, y]) + shift
    box = np.concatenate([middle - half, middle + half])
    return Face(frame, box.astype(np.float32), points.astype(np.float32), score, identity=identity)


def shot(start: int, end: int, index: int = 0) -> Shot:
    return Shot(index, Span(start, end))


def person(seed: int) -> np.ndarray:
    """(128,) an embedding; two seeds are about 0.85 apart, as two people are."""
    v = np.random.default_rng(seed).normal(size=128)
    return (0.6 * v / np.linalg.norm(v)).astype(np.float32)


def by_frame(*people: Sequence[Face]) -> list[list[Face]]:
    frames: dict[int, list[Face]] = {}
    for faces in people:
        for face in faces:
            frames.setdefault(face.frame, []).append(face)
    return [frames[frame] for frame in sorted(frames)]
