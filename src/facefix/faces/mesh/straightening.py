"""What a mesh would be without its fault: the path of a face taken apart into what the face does and what the fault does.

Both are Gaussian processes over the numbers of `path`: a covariance between the numbers, and a mixture of kernels over time.
The face's covariance is that of this track where it is sound, helped out by that of many; the fault's is its mode's, and it
is nothing outside its span. The fault's posterior mean is what is taken out (Wiener's filter in space and time at once;
Rasmussen and Williams 2006, chapter 2). It is cautious by itself: what a face might well do is left to the face.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as File

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from facefix.errors import ModelError
from facefix.faces.mesh import shape
from facefix.faces.mesh.path import Path, path
from facefix.models import own, zoo
from facefix.types import Span

Floats = NDArray[np.float64]

WEIGHTS = "straightening.safetensors"
MODES = ("warp", "drift", "flicker")
"""Those that move features; drift first would be as good."""
KERNELS_S = (0.05, 0.15, 0.5, 2.0)
"""Reaches of the Matern kernels (nu = 3/2) that paths are mixed of; one more is white, one constant."""
_OTHERS_FRAMES = 150.0
"""Other people's movements count like so many frames of this track."""
_STRANGER = 0.3
"""How far the mean of the sound frames may be off, in variances of the face's movement."""
_USUAL_SEVERITY, _SEVERITIES = 0.55, (0.3, 1.0)
"""Of the faults that the covariances were measured on."""
_BESIDE = 2
"""Frames beside a finding that may be bent too."""
_RAMP = 5
_ROUNDING = 1e-4
_FEWEST = 3
"""Sound frames without which nothing can be said of a face."""
_LONGEST = 240
"""Frames that are solved for at once."""


@dataclass(frozen=True, slots=True)
class Bent:
    """Frames of a track whose mesh a fault has moved."""

    mode: str
    """One of MODES."""
    span: Span
    """Counted from the track's first mesh."""
    severity: float


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """What is known of faces and faults, of N numbers a frame."""

    axes: Floats
    """(K, 1434) directions of shapes."""
    face: Floats
    """(N, N) covariance of a face's movement about its own mean."""
    faults: dict[str, Floats]
    """Mode -> (N, N) mean square of what it adds."""
    face_kernel: Floats
    """(len(KERNELS_S) + 2,) shares, sum 1: white, Materns, constant."""
    fault_kernels: dict[str, Floats]


class Straightener:
    """The statistics in memory; keeps nothing of a track."""

    def __init__(self, file: File | None = None) -> None:
        """file: weights, by default those that facefix brings along. Raises ModelError where they are missing or damaged."""
        self._model = shape.load()
        self._known = load(file or zoo.checked(WEIGHTS))

    def straighten(self, meshes: NDArray[np.float32], bent: Bent, sound: NDArray[np.bool_], fps: float) -> NDArray[np.float32]:
        """(T, 478, 3) the meshes as they would be without that fault, in the same pixels; others than its frames as they are.

        meshes: (T, 478, 3) consecutive frames, pixels of the picture. sound: (T,) frames without any fault. Where there are
        fewer than `_FEWEST`, or T is below 4, nothing is changed.
        """
        if len(meshes) < 4 or bent.mode not in MODES:
            return meshes
        whole = path(self._model, meshes)
        numbers = whole.numbers(self._known.axes)
        found = np.zeros_like(numbers)
        for part, step, weights in _parts(bent, len(meshes), fps):
            frames = np.arange(part.start, part.end, step)
            span = Span(*(int(np.searchsorted(frames, f)) for f in (bent.span.start, bent.span.end)))
            some = fault(self._known, numbers[frames], Bent(bent.mode, span, bent.severity), sound[frames], fps / step)
            known = np.stack([np.interp(np.arange(part.start, part.end), frames, column) for column in some.T], 1)
            found[part.start : part.end] += weights[:, None] * known
        if not found.any():
            return meshes
        out = whole.without(found, self._known.axes, self._model)
        out[~found.any(1)] = meshes[~found.any(1)]
        return out


def fault(known: Statistics, numbers: Floats, bent: Bent, sound: NDArray[np.bool_], fps: float) -> Floats:
    """(T, N) what the fault has most likely added to the path (T, N), 0 away from its span."""
    frames = np.arange(len(numbers))
    near = (frames >= bent.span.start - _BESIDE) & (frames < bent.span.end + _BESIDE)
    # Flicker is as often here as there: its own frames tell the mean, where no others do.
    usual = sound & ~near if (sound & ~near).sum() >= _FEWEST or bent.mode != "flicker" else near
    if usual.sum() < _FEWEST or not near.any():
        return np.zeros_like(numbers)
    off = numbers - numbers[usual].mean(0)
    count = len(off[0])
    face = known.face
    if (sound & ~near).sum() > 8:
        own_share = (sound & ~near).sum()
        face = (own_share * np.cov(numbers[sound & ~near].T) + _OTHERS_FRAMES * face) / (own_share + _OTHERS_FRAMES)
    face = face + 1e-9 * np.trace(known.face) / count * np.eye(count)
    gain = (np.clip(bent.severity, *_SEVERITIES) / _USUAL_SEVERITY) ** 2
    # Directions in which faces and faults are told apart each by itself; likewise over time.
    strength, directions = eigh(gain * known.faults[bent.mode] + 1e-12 * np.eye(count), face)
    seconds = frames / fps
    face_time = kernel(known.face_kernel, seconds) + _STRANGER + _ROUNDING * np.eye(len(frames))
    swell = _envelope(bent, near)
    fault_time = kernel(known.fault_kernels[bent.mode], seconds) * swell[:, None] * swell
    lasting, moments = eigh(fault_time, face_time)
    power = np.clip(lasting, 0, None)[:, None] * np.clip(strength, 0, None)
    seen = moments.T @ (off @ directions)
    back = np.linalg.inv(moments).T @ (power / (1 + power) * seen) @ np.linalg.inv(directions)
    return np.where(near[:, None], back, 0.0)


def kernel(shares: Floats, seconds: Floats) -> Floats:
    """(T, T) covariance over time of a process of variance 1."""
    apart = np.abs(seconds[:, None] - seconds)
    total = shares[0] * (apart < 1e-6) + shares[-1]
    for share, reach_s in zip(shares[1:-1], KERNELS_S, strict=True):
        total = total + share * matern(apart, reach_s)
    return total


def matern(apart: Floats, reach_s: float) -> Floats:
    r = np.sqrt(3) * apart / reach_s
    return (1 + r) * np.exp(-r)


def _envelope(bent: Bent, near: NDArray[np.bool_]) -> Floats:
    """(T,) how far the fault has come, as a share of its whole."""
    swell = np.zeros(len(near))
    inside = np.flatnonzero(near)
    if bent.mode == "drift":
        swell[inside] = np.sqrt(np.linspace(0, 1, len(inside)))
    else:
        edge = np.minimum(np.arange(1, len(inside) + 1), np.arange(len(inside), 0, -1))
        swell[inside] = np.minimum(1, edge / _RAMP)
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


def load(file: File) -> Statistics:
    """Raises ModelError where the file holds something else."""
    arrays = {name: tensor.double().numpy() for name, tensor in own.tensors(file, "the straightener").items()}
    try:
        return Statistics(
            arrays["axes"],
            arrays["face"],
            {mode: arrays[f"fault_{mode}"] for mode in MODES},
            arrays["face_kernel"],
            {mode: arrays[f"kernel_{mode}"] for mode in MODES},
        )
    except KeyError as error:
        raise ModelError(f"{file} holds no statistics of {error.args[0]}.") from error
