"""Which looks of a face are held against which others of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]
"""(N,) of looks in order, seconds."""
Poses = NDArray[np.float32]
"""(N, 2) their yaw and pitch, degrees."""

_ELSEWHERE_S = 1.0
"""Farther away than that a face is most likely sound where it is not here: warps are hardly longer."""
_OTHERS = 5
"""Looks that each is held against, at most."""
_APART = 3
"""Looks between two of them, at least: neighbours say the same."""
_CANDIDATES = 600
"""However long the shot is."""
FIRST_S = 1.2
"""In which a face is what it was at first."""
_LEAST = 3
"""Looks that say what that is."""
_OF_FIRST = 6


def elsewhere(times: Times, poses: Poses, sound: NDArray[np.bool_]) -> list[list[int]]:
    """For every look up to `_OTHERS` that are farther away in time, those first that are turned the same way; none in short
    tracks."""
    del sound
    at = np.unique(np.linspace(0, len(times) - 1, min(len(times), _CANDIDATES)).astype(int))
    return [_spread(poses, i, at[np.abs(times[at] - now) > _ELSEWHERE_S]) for i, now in enumerate(times)]


def _spread(poses: Poses, i: int, at: NDArray[np.int_]) -> list[int]:
    chosen: list[int] = []
    for j in _nearest(poses, i, at):
        if all(abs(j - k) >= _APART for k in chosen):
            chosen.append(j)
        if len(chosen) == _OTHERS:
            break
    return chosen


def first(times: Times, poses: Poses, sound: NDArray[np.bool_]) -> list[list[int]]:
    """For every later look that is sound those up to `_OF_FIRST` of the first `FIRST_S` of sound ones that are turned most
    alike. Where hardly any is sound all are taken for it."""
    good = np.flatnonzero(sound) if sound.sum() >= _LEAST else np.arange(len(times))
    if not len(good):
        return []
    early = good[: max(_LEAST, int((times[good] < times[good[0]] + FIRST_S).sum()))]
    asked = good[len(early) :]
    if len(asked) < _LEAST:
        asked = np.arange(early[-1] + 1, len(times))
    late = set(asked.tolist())
    return [_nearest(poses, i, early)[:_OF_FIRST] if i in late else [] for i in range(len(times))]


def _nearest(poses: Poses, i: int, at: NDArray[np.int_]) -> list[int]:
    """Of the looks `at` those first that are turned as look `i` is."""
    off = np.linalg.norm(poses[at] - poses[i], axis=1)
    return at[np.argsort(off, kind="stable")].tolist()
