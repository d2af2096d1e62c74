"""What a mesh would be without its fault: the path of a face taken apart into what the face does and what the fault does.

Both are Gaussian processes over the numbers of `path`. A face moves in directions of its own, each at its own pace: the turn of
a head is large and smooth, the play of lips small and fast. A fault is its mode's covariance times its mode's pace, and it
is nothing outside its span. The fault's posterior mean is what is taken out (Wiener's filter in space and time at once;
Rasmussen and Williams 2006, chapter 2). It is cautious by itself: what a face might well do is left to the face.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path as File

import numpy as np
from numpy.typing import NDArray

from facefix.faces.mesh import shape
from facefix.faces.mesh.likelihood import BESIDE, ratio
from facefix.faces.mesh.movement import (
    MODES,
    SMEAR,
    WEIGHTS,
    Floats,
    Statistics,
    kernels,
    load,
    movements,
    swelling,
    usual_covariance,
)
from facefix.faces.mesh.path import flat, path, unflat
from facefix.models import zoo
from facefix.types import Span

_USUAL_SEVERITY, _SEVERITIES = 0.7, (0.3, 1.0)
"""At which the fault's covariance is taken as measured: above the mean of those measured, for none uses all directions."""
_SURE, _UNSURE = 30.0, 8.0
"""Nats by which a warp must be likelier as a smear to be half taken for one, and to be so by two thirds more: such processes
overstate what they know. With these the meshes of 31 smears come nearer to the truth by 45 %, those of 36 other warps by
21 % (24 of the bench's) and 7 % (12 others); without by 31, 22 and 6 %; by 54, 2 and -2 % if all were taken for smears. Clips
that the smears' statistics are not from."""
_LEAST_SHARE = 0.01
_LEAST_ROUNDING, _ROUNDING = 1e-5, 0.01
"""Share of a direction's variance that is the mesh's own noise."""
_STEADY = 8.0
"""A direction's noise is at most such a part of what changes in it from frame to frame: where a head turns slowly and far, a
hundredth of its variance would be a tremble of its own, and flicker be taken for it."""
_ROUNDS, _EXACT = 60, 1e-3
"""Of conjugate gradients: steps at most, and the residual that is small enough."""
_FEWEST = 3
"""Sound frames without which nothing can be said of a face."""
_LONGEST = 240
"""Frames that are solved for at once."""
_DOUBTFUL, _BELIEVED = 0.006, 0.010
"""Mean move of the points, in outer eye corner distances, up to which a drift is not taken out of the mesh, and from which on
in full. Skin that ages moves no feature, but a mesh measured on it, by as much. Of 47 drifts of fitted and generated clips 13
came out further from the truth when all was taken out; so 4 do, and on the mean they are no further from it (1.54 % of the eye
distance instead of 1.56)."""
_CORNERS = (33, 263)
"""Outer corners of the eyes."""
_VIEW_FRAMES = 4.0
"""A picture of the person from elsewhere says as much about the mean shape as so many sound frames: mood and lens are others.
In six clips three pictures helped where a face had six sound frames, and did not where it had ten or more."""


@dataclass(frozen=True, slots=True)
class Bent:
    """Frames of a track whose mesh a fault has moved."""

    mode: str
    """One of MODES; SMEAR for a warp that is known to be one."""
    span: Span
    """Counted from the track's first mesh."""
    severity: float
    steady: bool = False
    """Whether it is as large in its first frame as in its last."""


@dataclass(frozen=True, slots=True, eq=False)
class Portrayed:
    """What the person looks like in pictures that are no part of the track."""

    shapes: NDArray[np.float32]
    """(N, 478, 3) unturned (`shape.ShapeModel.canonical`)."""
    trust: float
    """0..1: how far they count."""


class Straightener:
    """The statistics in memory; keeps nothing of a track."""

    def __init__(self, file: File | None = None) -> None:
        """file: weights, by default those that facefix brings along. Raises ModelError where they are missing or damaged."""
        self._model = shape.load()
        self._known = load(file or zoo.checked(WEIGHTS))

    def directions(self, mode: str, count: int) -> NDArray[np.float32]:
        """(count, 478, 3) fields in which that fault moves faces most, unturned, in outer eye corner distances.

        Each is one standard deviation long, the largest first: the principal axes of the fault's covariance.
        """
        axes = len(self._known.axes)
        sizes, ways = np.linalg.eigh(self._known.faults[mode][:axes, :axes])
        most = np.argsort(-sizes)[:count]
        return unflat((np.sqrt(np.maximum(sizes[most], 0)) * ways[:, most]).T @ self._known.axes).astype(np.float32)

    def straighten(
        self,
        meshes: NDArray[np.float32],
        bent: Bent,
        sound: NDArray[np.bool_],
        fps: float,
        portrayed: Portrayed | None = None,
    ) -> NDArray[np.float32]:
        """(T, 478, 3) the meshes as they would be without that fault, in the same pixels; others than its frames as they are.

        meshes: (T, 478, 3) consecutive frames, pixels of the picture. sound: (T,) frames without any fault. Where there are
        fewer than `_FEWEST` and nothing is portrayed, or T is below 4, nothing is changed.
        """
        if len(meshes) < 4 or bent.mode not in MODES:
            return meshes
        whole = path(self._model, meshes)
        numbers = whole.numbers(self._known.axes)
        found = np.zeros_like(numbers)
        views = None if portrayed is None else _views(self._model, self._known, portrayed)
        for part, step, weights in _parts(bent, len(meshes), fps):
            frames = np.arange(part.start, part.end, step)
            span = Span(*(int(np.searchsorted(frames, f)) for f in (bent.span.start, bent.span.end)))
            some = likely(self._known, numbers[frames], replace(bent, span=span), sound[frames], fps / step, views)
            known = np.stack([np.interp(np.arange(part.start, part.end), frames, column) for column in some.T], 1)
            found[part.start : part.end] += weights[:, None] * known
        if not found.any():
            return meshes
        moved = np.asarray(found.any(1))
        out = whole.without(found, self._known.axes, self._model)
        out[~moved] = meshes[~moved]
        if bent.mode == "drift":
            out = meshes + np.float32(_worth(meshes, out, moved)) * (out - meshes)
        return out


def _worth(meshes: NDArray[np.float32], straight: NDArray[np.float32], bent: NDArray[np.bool_]) -> float:
    """0..1: how far a drift's correction is to be believed, by how far it goes."""
    size = np.linalg.norm(meshes[:, _CORNERS[0]] - meshes[:, _CORNERS[1]], axis=-1)
    off = np.linalg.norm(straight - meshes, axis=-1).mean(1) / size
    return float(np.clip((off[bent].mean() - _DOUBTFUL) / (_BELIEVED - _DOUBTFUL), 0, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """The mean shape of pictures from elsewhere, as numbers of a path."""

    shape: Floats
    """(K,)."""
    frames: float
    """Sound frames that they are worth."""


def _views(model: shape.ShapeModel, known: Statistics, portrayed: Portrayed) -> Views | None:
    if not len(portrayed.shapes) or portrayed.trust <= 0:
        return None
    mean = (portrayed.shapes.mean(0) - model.mean)[None]
    return Views((flat(mean) @ known.axes.T)[0], portrayed.trust * _VIEW_FRAMES * len(portrayed.shapes))


def likely(
    known: Statistics,
    numbers: Floats,
    bent: Bent,
    sound: NDArray[np.bool_],
    fps: float,
    views: Views | None = None,
) -> Floats:
    """(T, N) as `fault`, a warp taken for a smear as far as that is likelier."""
    plain = fault(known, numbers, bent, sound, fps, views)
    if bent.mode != "warp" or not plain.any():
        return plain
    window = slice(max(0, bent.span.start), min(len(numbers), bent.span.end))
    as_smear, as_warp = (ratio(known, kind, _gain(bent), numbers, window, fps) for kind in (SMEAR, bent.mode))
    share = 1 / (1 + math.exp(-np.clip((as_smear - as_warp - _SURE) / _UNSURE, -50, 50)))
    if not share > _LEAST_SHARE:
        return plain
    return plain + share * (fault(known, numbers, replace(bent, mode=SMEAR), sound, fps, views) - plain)


def fault(
    known: Statistics,
    numbers: Floats,
    bent: Bent,
    sound: NDArray[np.bool_],
    fps: float,
    views: Views | None = None,
) -> Floats:
    """(T, N) what the fault has most likely added to the path (T, N), 0 away from its span."""
    frames = np.arange(len(numbers))
    near = (frames >= bent.span.start - BESIDE) & (frames < bent.span.end + BESIDE)
    calm = sound & ~near
    # Flicker is as often here as there: its own frames tell the mean, where no others do.
    usual = calm if calm.sum() >= _FEWEST or bent.mode != "flicker" else near
    few = usual.sum() < _FEWEST
    if (few and views is None) or not near.any():
        return np.zeros_like(numbers)
    # Where the head is and how it is held is the track's own affair.
    mean = numbers[near if few else usual].mean(0)
    if views is not None:
        own, count = 0.0 if few else float(usual.sum()), len(views.shape)
        mean[:count] = (own * mean[:count] + views.frames * views.shape) / (own + views.frames)
    directions, paces, speeds = movements(known, numbers, calm, paced=bent.mode != "drift")
    moves = (numbers - mean) @ directions
    basis = kernels(frames / fps)
    own = usual_covariance(paces, basis, np.clip(speeds / _STEADY, _LEAST_ROUNDING, _ROUNDING))
    if bent.mode == "drift" and calm.any():
        own = own + _level(own, calm)[:, None, None]
    swell = _envelope(bent, near)
    pace = np.einsum("k,ktu->tu", known.fault_paces[bent.mode], basis) * swell[:, None] * swell
    strength = _gain(bent) * directions.T @ known.faults[bent.mode] @ directions
    added = pace @ _solved(own, pace, strength, moves) @ strength
    return np.where(near[:, None], added @ np.linalg.inv(directions), 0.0)


def _level(own: Floats, calm: NDArray[np.bool_]) -> Floats:
    """(N,) variance of the mean over the calm frames, of whose deviations `own` (N, T, T) is the covariance: a second of a face
    that smiles does not tell how it is held else, and a drift stays as a mood does."""
    return own[:, calm][:, :, calm].mean((1, 2))


def _gain(bent: Bent) -> float:
    return float((np.clip(bent.severity, *_SEVERITIES) / _USUAL_SEVERITY) ** 2)


def _solved(own: Floats, pace: Floats, strength: Floats, moves: Floats) -> Floats:
    """(T, N) x of K x = moves, K the covariance of face and fault together.

    The face's is (N, T, T), one block a direction; the fault's the product of (T, T) and (N, N). Conjugate gradients
    (Hestenes and Stiefel 1952), eased by the inverse of the face's: a few steps are enough.
    """
    inverse = np.asarray(np.linalg.inv(own), np.float64)
    x, left = np.zeros_like(moves), moves.copy()
    eased = _each(inverse, left)
    ahead, size = eased.copy(), float((left * eased).sum())
    enough = _EXACT**2 * size
    for _ in range(_ROUNDS):
        if size <= enough:
            break
        seen = _each(own, ahead) + pace @ ahead @ strength
        step = size / float((ahead * seen).sum())
        x, left = x + step * ahead, left - step * seen
        eased = _each(inverse, left)
        size, before = float((left * eased).sum()), size
        ahead = eased + size / before * ahead
    return x


def _each(blocks: Floats, values: Floats) -> Floats:
    """(T, N) of (N, T, T) and (T, N): every direction through its own block."""
    return np.matmul(blocks, values.T[:, :, None])[:, :, 0].T


def _envelope(bent: Bent, near: NDArray[np.bool_]) -> Floats:
    """(T,) how far the fault has come, as a share of its whole."""
    swell = np.zeros(len(near))
    inside = np.flatnonzero(near)
    if bent.steady:
        swell[inside] = 1
    elif bent.mode == "drift":
        swell[inside] = np.sqrt(np.linspace(0, 1, len(inside)))
    else:
        swell[inside] = swelling(len(inside))
    return swell


def _parts(bent: Bent, length: int, fps: float) -> list[tuple[Span, int, Floats]]:
    """Stretches to solve for, every how manieth frame of them, and their weights: drift is slow, the others are local."""
    around = round(1.5 * fps)
    first, last = max(0, bent.span.start - around), min(length, bent.span.end + around)
    if bent.mode == "drift" or last - first <= _LONGEST:
        return [(Span(first, last), -(-(last - first) // _LONGEST), np.ones(last - first))]
    half, parts = _LONGEST // 2, []
    for start in range(first, last - half, half):
        end = min(start + _LONGEST, last)
        weights = np.ones(end - start)
        # One fades in over the half in which the one before fades out.
        if start > first:
            weights[:half] = (np.arange(half) + 0.5) / half
        if start + half < last - half:
            weights[half:] = 1 - (np.arange(end - start - half) + 0.5) / half
        parts.append((Span(start, end), 1, weights))
    return parts
