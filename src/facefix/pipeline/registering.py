"""Straightened meshes are held against the picture: where sound frames, laid on them, would have to be moved, they lie wrong.

A straightener knows how faces move and how faults move them; whether a whole head was taken along it can only guess. Hair,
ears and all that no fault has reached say it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy import float32
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from facefix.faces.mesh import framing, shape, topology
from facefix.faces.mesh.likelihood import BESIDE
from facefix.pipeline.overlapping import ahead
from facefix.pipeline.preparing import Curves, Known, around, view_of
from facefix.pipeline.profiling import clocked
from facefix.plan import PlannedTrack, Treatment, treated_in, unsound_in
from facefix.repair.registration import MODES
from facefix.repair.registration.evidence import Evidence, View, Witness
from facefix.repair.registration.keys import nearest
from facefix.repair.registration.registering import Registrar
from facefix.repair.strength import MOVED_AT

_SOUND_EVERY = 2
"""Of the sound frames each second can be compared with: neighbours say the same."""
_AT_ONCE = 32
"""Frames whose evidence is in memory, a quarter of a megabyte each."""
_STEADY_FRAMES = 1.0
"""Standard deviation of the smoothing over time: a head moves smoothly, what a flow is mistaken in does not."""


def to_be_viewed(track: PlannedTrack, treatments: Sequence[Treatment], rate: float) -> frozenset[int]:
    """Frames of a track that `registered` looks at: those of its treatments, and as many around as it is known over.

    rate: frames per second.
    """
    spans = [t.span for t in treatments if t.track == track.id and t.mode in MODES]
    return frozenset(f for s in spans for f in range(s.start - around(rate), s.end + around(rate)) if f in track.span)


def registered(
    registrar: Registrar, known: Known, track: PlannedTrack, treatments: Sequence[Treatment], curves: Curves
) -> Known:
    """The same with the meshes of treated frames where the picture has them, as far as the strength goes.

    Args:
        known: straightened.
        treatments: the track's own.
        curves: the strength of each mode over the track.
    """
    first, moving = known.span.start, [t for t in treatments if t.mode in MODES]
    # Frames beside are sound or hardly touched: they would be moved for nothing, and may hold a little of the damage.
    bent, unsound = treated_in(known.span, moving), unsound_in(known.span, track, treatments, BESIDE)
    seen = {frame - first: grey for frame, grey in known.greys.items()}
    keys = [i for i in np.flatnonzero(~unsound).tolist() if i in seen][::_SOUND_EVERY]
    frames = [i for i in np.flatnonzero(bent).tolist() if i in seen]
    if not keys or not frames:
        return known
    cut = {i: view_of(known, track, i) for i in (*keys, *frames)}
    matrices, views = {i: matrix for i, (matrix, _) in cut.items()}, {i: view for i, (_, view) in cut.items()}
    wanted = {i: framing.through(matrix, known.wanted[i]) for i, matrix in matrices.items()}
    with clocked("registering", len(frames)):
        off, told = np.zeros((*known.wanted.shape[:2], 2), float32), ahead(_told(views, wanted, keys, frames))
        for start in range(0, len(frames), _AT_ONCE):
            some = frames[start : start + _AT_ONCE]
            shifts = registrar.shifts([next(told) for _ in some], np.stack([wanted[i] for i in some]))
            for i, shift in zip(some, shifts, strict=True):
                off[i] = shift @ np.linalg.inv(matrices[i][:, :2]).T
    off = _steadied(off, np.isin(np.arange(len(off)), frames))
    part = slice(first - track.span.start, first - track.span.start + len(off))
    share = np.max([np.clip(curves[mode][part] / MOVED_AT, 0, 1) for mode in {t.mode for t in moving}], 0)
    out = known.wanted.copy()
    out[..., :2] += share[:, None, None] * off
    return replace(known, wanted=out)


def _told(
    views: Mapping[int, View], wanted: Mapping[int, NDArray[float32]], keys: Sequence[int], frames: Sequence[int]
) -> Iterator[Evidence]:
    witness = Witness(topology.TRIANGLES, shape.load().mean.astype(float32))
    for i in frames:
        chosen = nearest(keys, [views[k].mesh for k in keys], i, wanted[i])
        yield witness.look(views[i], wanted[i], [views[keys[k]] for k in chosen])


def _steadied(off: NDArray[float32], bent: NDArray[np.bool_]) -> NDArray[float32]:
    """(T, 478, 2) smoothed over time within the frames that are bent."""
    weight = gaussian_filter1d(bent.astype(float32), _STEADY_FRAMES)[:, None, None]
    smooth = gaussian_filter1d(off, _STEADY_FRAMES, axis=0) / np.maximum(weight, 1e-6)
    return np.where(bent[:, None, None], smooth, 0).astype(float32)
