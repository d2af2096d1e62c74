"""How far each part of a face flickers: how much of what averaging would change is flicker, and how much the face's own life.

A frame is the truth and its flicker; its average over the frames around is the truth and the harm that averaging does, for
faces move and speak. The best mixture of the two has as much of the average as its change is flicker (Wiener's filter). How
large the change is, is seen. How much of it is harm is told by two things: what the same averaging changes in sound frames near
by, and how far the head moves meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy import float32
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

FEW = 4
"""Sound frames below which they tell nothing."""
_LEAST = 1e-9
"""Mean square that is a change."""
_USUAL = 0.1
"""Change of sound frames, as a share, where there are none."""
_CALM_FRAMES = 2.0
"""Sigma of a head's path, so that it is not flicker that moves it."""


@dataclass(frozen=True, slots=True)
class Part:
    """How a part is harmed by averaging."""

    harm: float
    """What the change of sound frames counts."""
    moved: float
    """Movement at which harm is as large as what averaging wins."""


PARTS = Part(0.761, 0.0012), Part(8.89, 0.00331), Part(3.6, 0.00406)
"""Light, middle, fine: fitted on the best shares of 64 flickers, the truth known (`scripts/fit_flickering.py`)."""
_AMPLE = 1.15
"""A frame has a part in its own average: where there is no harm the truth lies as much further from it."""
_BEND = 1.5
"""How fast harm grows with movement."""


@dataclass(frozen=True, slots=True)
class Flickers:
    """Shares 0..1 of what averaging changes of each part that are to be changed; see `calming`."""

    light: float
    middle: float
    fine: float


ALL = Flickers(1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What tells how far a face flickers."""

    changed: NDArray[float32]
    """(N, 3) mean squares of `Calming.changes` in frames that flicker, at least one."""
    sound: NDArray[float32]
    """(M, 3) those of sound frames near by, as if they flickered; fewer than `FEW` say nothing."""
    moved: float
    """`movement` while it flickers."""

    def harm(self) -> NDArray[float32]:
        """(3,) what averaging changes in sound frames, as a share of what it changes in those that flicker."""
        whole = np.maximum(np.median(self.changed, 0), _LEAST)
        if len(self.sound) < FEW:
            return np.full(3, _USUAL, float32)
        return np.asarray(np.median(self.sound, 0) / whole, float32)


def told(evidence: Evidence) -> Flickers:
    """How far each part is to be changed."""
    harm = evidence.harm()
    return Flickers(*(float(shares(harm[k], evidence.moved, part)) for k, part in enumerate(PARTS)))


def shares(harm: NDArray[np.floating] | float, moved: NDArray[np.floating] | float, part: Part) -> NDArray[np.floating] | float:
    """0..1, of what `Evidence` tells."""
    return np.minimum(1, _AMPLE / (1 + part.harm * harm + (moved / part.moved) ** _BEND))


def movement(points: NDArray[float32], frames: Sequence[int], reach: int) -> float:
    """How far the points (T, P, 2+), quarters of a crop's side, lie from where they are up to `reach` frames later and before:
    the mean square, the median over those of the frames."""
    calm = gaussian_filter1d(points[..., :2], _CALM_FRAMES, axis=0, mode="nearest")
    far = []
    for i in frames:
        others = [j for j in range(max(0, i - reach), min(len(calm), i + reach + 1)) if j != i]
        far.append(np.mean([np.square(calm[j] - calm[i]).sum(-1).mean() for j in others]) if others else 0.0)
    return float(np.median(far))
