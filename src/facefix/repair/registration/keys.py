"""Which sound frames a damaged one is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facefix.repair import placing
from facefix.repair.registration.evidence import eye_distance

KEYS = 3
"""At most."""
_APART = 3
"""Frames between two of them, at least: neighbours say the same."""
_FRAME = 0.0005
"""What a frame of distance in time counts, in quarters of the eye distance between meshes: light and hair change."""


def nearest(
    frames: Sequence[int], meshes: Sequence[NDArray[np.float32]], frame: int, mesh: NDArray[np.float32], count: int = KEYS
) -> list[int]:
    """Indices of up to `count` of these frames and meshes (478, 3), those most like this one in pose and expression first."""
    off = np.array([placing.apart(m, mesh) for m in meshes]) / (4 * eye_distance(mesh))
    far = off + _FRAME * np.abs(np.array(frames) - frame)
    chosen: list[int] = []
    for k in np.argsort(far, kind="stable").tolist():
        if all(abs(frames[k] - frames[j]) >= _APART for j in chosen):
            chosen.append(k)
        if len(chosen) == count:
            break
    return chosen
