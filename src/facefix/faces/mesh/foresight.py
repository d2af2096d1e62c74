"""What a face does that nobody foresaw: how much likelier its path is with a warp in it than without, frame by frame.

Every short window of the path is foretold from the frames around it and from how this face moves in the rest of the shot
(Gaussian processes, `movement`). Whoever pulls faces all the time is foretold to pull faces; a nose that slides for
half a second is not. The measure is the logarithm of a likelihood ratio (Neyman and Pearson 1933); windows have several
lengths.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path as File
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facefix.faces.mesh.movement import WEIGHTS, Floats, Statistics, kernels, load, movements, swelling, usual_covariance
from facefix.faces.mesh.path import Steps
from facefix.faces.mesh.shape import ShapeModel
from facefix.faces.mesh.straightening import BESIDE
from facefix.models import zoo

SIGNAL = "unforeseen"
SIGNALS: Mapping[str, str] = MappingProxyType(
    {SIGNAL: "how much likelier the mesh's path is with a warp in it than without, given what the face does else; nats"}
)
REACHES_S = (0.2, 0.45, 0.85)
"""Lengths of the windows: a warp lasts 4 to 30 frames."""
_EVERY = 4
"""Windows begin every so manieth part of their length."""
_AROUND_S = 1.2
"""Frames before and after a window that it is foretold from."""
_KNOWN_S = 10.0
"""Frames before and after that tell how this face moves."""
_FASTEST = 30.0
"""Frames per second that are looked at; of more, every second, or third."""
_DOUBT = 0.1
"""Share of a direction's variance that nothing foretells: the mesh's noise, and what such processes do not know of faces."""
_DIRECTIONS = 12
"""In which warps are told: those in which they stand out most."""
_FEWEST = 8
"""Frames outside a window without which nothing is foretold."""


class Foresight:
    """The statistics in memory; what is known of a track is in its `Steps`."""

    def __init__(self, model: ShapeModel, file: File | None = None) -> None:
        """file: weights, by default those that facefix brings along. Raises ModelError where they are missing or damaged."""
        self._model = model
        self._known = load(file or zoo.checked(WEIGHTS))
        self._warp = _strongest(self._known.faults["warp"])

    def steps(self) -> Steps:
        """For a new track."""
        return Steps(self._model, self._known.axes)

    def read(self, steps: Steps, fps: float) -> NDArray[np.float32]:
        """(T,) nats, positive where a warp explains the path better; NaN where the track is too short to tell."""
        return unforeseen(self._known, self._warp, steps.numbers(), fps)


def unforeseen(known: Statistics, warp: Floats, numbers: Floats, fps: float) -> NDArray[np.float32]:
    """As `Foresight.read`, of a path's numbers (T, N); warp: (N, K) factor of the warps' covariance."""
    step = max(1, math.ceil(fps / _FASTEST))
    some, rate = numbers[::step], fps / step
    out = np.full(len(some), np.nan)
    windows: list[slice] = []
    for reach_s in REACHES_S:
        long = max(3, round(reach_s * rate))
        windows += [slice(start, start + long) for start in range(0, len(some) - long + 1, max(1, long // _EVERY))]
    # LAPACK lets go of Python's lock.
    with ThreadPoolExecutor(os.cpu_count()) as cores:
        ratios = cores.map(lambda inside: _ratio(known, warp, some, inside, rate), windows)
        for inside, ratio in zip(windows, ratios, strict=True):
            out[inside] = np.fmax(out[inside], ratio)
    return np.repeat(out, step)[: len(numbers)].astype(np.float32)


def _ratio(known: Statistics, warp: Floats, numbers: Floats, window: slice, fps: float) -> float:
    """How much likelier the window's frames are, as logarithm, if a warp is in them; NaN where nothing can be foretold."""
    frames = np.arange(len(numbers))
    outside = (frames < window.start - BESIDE) | (frames >= window.stop + BESIDE)
    calm = outside & (np.abs(frames - (window.start + window.stop) / 2) < _KNOWN_S * fps)
    if calm.sum() < _FEWEST:
        return math.nan
    directions, paces = movements(known, numbers, calm)
    moves = (numbers - numbers[calm].mean(0)) @ directions
    off, spread = _foretold(moves, paces, window, fps)
    # Every direction in units of what is not foretold of it, turned to where warps are strongest beside that.
    size = np.sqrt(np.einsum("nii->n", spread) / len(off))
    turn, strength, _ = np.linalg.svd(directions.T @ warp / size[:, None], full_matrices=False)
    off, spread = (off / size) @ turn, np.tensordot((turn**2).T, spread / size[:, None, None] ** 2, 1)
    bent = spread + strength[:, None, None] ** 2 * _pace(known, len(off), fps)
    gain = _squares(spread, off) - _squares(bent, off)
    return float((gain - np.linalg.slogdet(bent)[1] + np.linalg.slogdet(spread)[1]).sum() / 2)


def _foretold(moves: Floats, paces: Floats, window: slice, fps: float) -> tuple[Floats, Floats]:
    """How far each direction is off in the window, (L, N), for what the frames around it foretell, and how far off it may
    be: covariances (N, L, L). Conditional Gaussians (Rasmussen and Williams 2006, equation 2.19)."""
    around = round(_AROUND_S * fps)
    frames = np.arange(max(0, window.start - around), min(len(moves), window.stop + around))
    own = usual_covariance(paces, kernels(frames / fps), _DOUBT)
    inside = (frames >= window.start) & (frames < window.stop)
    across = own[:, inside][:, :, ~inside]
    weights = np.linalg.solve(own[:, ~inside][:, :, ~inside], across.transpose(0, 2, 1)).transpose(0, 2, 1)
    off = moves[window] - np.matmul(weights, moves[frames[~inside]].T[:, :, None])[:, :, 0].T
    return off, own[:, inside][:, :, inside] - weights @ across.transpose(0, 2, 1)


def _pace(known: Statistics, long: int, fps: float) -> Floats:
    """(L, L) covariance of a warp over the frames of a window; it swells and goes."""
    swell = swelling(long)
    return np.einsum("k,ktu->tu", known.fault_paces["warp"], kernels(np.arange(long) / fps)) * swell[:, None] * swell


def _squares(spread: Floats, off: Floats) -> Floats:
    """(M,) squared Mahalanobis lengths of (L, M) under (M, L, L)."""
    return np.einsum("im,mi->m", off, np.linalg.solve(spread, off.T[:, :, None])[:, :, 0])


def _strongest(covariance: Floats) -> Floats:
    """(N, K) the factor of a covariance's largest directions."""
    values, directions = np.linalg.eigh(covariance)
    return directions[:, -_DIRECTIONS:] * np.sqrt(np.maximum(values[-_DIRECTIONS:], 0))
