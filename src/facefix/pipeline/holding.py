"""A head that flickers is held where what lies around it says that it is.

Straightening knows how heads move in general, and lets a head jerk as it lets others. Hair, ears and neck have jerked with it,
or have not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from numpy import float32
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from facefix.faces.mesh.straightening import Bent
from facefix.pipeline.overlapping import ahead
from facefix.pipeline.preparing import Known, view_of
from facefix.pipeline.profiling import clocked
from facefix.plan import PlannedTrack, Treatment
from facefix.repair.registration.evidence import View
from facefix.repair.shake import LAGS, MODES, places
from facefix.repair.shake.evidence import Pair, between, compared
from facefix.repair.shake.reading import ShakeReader
from facefix.repair.shake.solving import solved

_BESIDE = 2
"""Frames before and behind a fault that may yet be shaken: a diagnosis is as exact as that."""
_STRAIGHT = (0.34, 0.34, 0.22, 0.22)
"""Standard deviations, as `places.shake` has them, of what straightening leaves of a shake of severity `_AT`."""
_AT, _LEAST = 0.6, 0.4
"""And the least share of them: mild flickers are told worse."""
_SOUND = 0.12
"""The same of sound frames: what a mesh is measured wrong by."""


def to_be_seen(track: PlannedTrack, treatments: Sequence[Treatment]) -> frozenset[int]:
    """Frames of a track that `held` looks at: those of its treatments, and those that they are compared with."""
    spans = [t.span for t in treatments if t.track == track.id and t.mode in MODES]
    reach = max(LAGS) + _BESIDE
    return frozenset(f for s in spans for f in range(s.start - reach, s.end + reach) if f in track.span)


def held(
    reader: ShakeReader,
    known: Known,
    track: PlannedTrack,
    straight: NDArray[float32],
    bent: Bent,
    sound: NDArray[np.bool_],
) -> NDArray[float32]:
    """(T, 478, 3) the straightened meshes, source pixels, in the frames of a flicker where their heads truly are.

    Args:
        known: its meshes as measured, and small grey pictures of these frames and those around (`to_be_seen`).
        straight: (T, 478, 3) of the same frames.
        bent: the flicker.
        sound: (T,) frames without any fault.
    """
    first, steady, inside = known.span.start, reader.steady, bent.span
    reach = max(LAGS) + _BESIDE
    around = range(max(0, inside.start - reach), min(len(straight), inside.end + reach))
    frames = [i for i in around if first + i in known.greys]
    pairs = _pairs(frames)
    if not pairs:
        return straight
    cut = {i: view_of(known, track, i) for i in frames}
    with clocked("holding heads", len(inside)):
        apart, sure = reader.differences(ahead(_compared(cut, pairs, steady)))
        # A view is turned as its face is: what it says is told in the picture's axes.
        turns = np.stack([places.turn(-np.arctan2(m[1, 0], m[0, 0])) for m in (cut[i][0] for i, _ in pairs)])
        apart = np.einsum("nij,nj->ni", turns, apart)
        sure = np.einsum("nij,njk,nlk->nil", turns, sure, turns)
        thought = np.stack([places.shake(known.meshes[i], straight[i], steady) for i in frames])
        shaken = binary_dilation(~sound, iterations=_BESIDE)[frames]
        off = np.where(shaken[:, None], max(_LEAST, bent.severity / _AT) * np.array(_STRAIGHT), _SOUND)
        at = {i: n for n, i in enumerate(frames)}
        found = solved([(at[i], at[j]) for i, j in pairs], (apart, sure), thought, off)
    out = straight.copy()
    for i, shake in zip(frames, found, strict=True):
        if i in inside:
            out[i] = places.brought(straight[i], places.without(known.meshes[i], shake, steady), steady)
    return out


def _pairs(frames: Collection[int]) -> list[tuple[int, int]]:
    there = set(frames)
    return [(i, i - lag) for i in frames for lag in LAGS if i - lag in there]


def _compared(
    cut: Mapping[int, tuple[NDArray[float32], View]], pairs: Sequence[tuple[int, int]], steady: NDArray[float32]
) -> Iterator[Pair]:
    for i, j in pairs:
        (matrix, first), (other, second) = cut[i], cut[j]
        yield compared(first, second, between(matrix, other), steady)
