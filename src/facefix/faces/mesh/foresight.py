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

from facefix.faces.mesh.likelihood import ratio_of, strongest
from facefix.faces.mesh.movement import WEIGHTS, Floats, Statistics, load
from facefix.faces.mesh.path import Steps
from facefix.faces.mesh.shape import ShapeModel
from facefix.models import zoo

SIGNAL = "unforeseen"
SIGNALS: Mapping[str, str] = MappingProxyType(
    {SIGNAL: "how much likelier the mesh's path is with a warp in it than without, given what a sound face does; nats"}
)
REACHES_S = (0.2, 0.45, 0.85)
"""Lengths of the windows: a warp lasts 4 to 30 frames."""
_EVERY = 4
"""Windows begin every so manieth part of their length."""
_FASTEST = 30.0
"""Frames per second that are looked at; of more, every second, or third."""


class Foresight:
    """The statistics in memory; what is known of a track is in its `Steps`."""

    def __init__(self, model: ShapeModel, file: File | None = None) -> None:
        """file: weights, by default those that facefix brings along. Raises ModelError where they are missing or damaged."""
        self._model = model
        self._known = load(file or zoo.checked(WEIGHTS))
        self._warp = strongest(self._known.faults["warp"])

    def steps(self) -> Steps:
        """For a new track."""
        return Steps(self._model, self._known.axes)

    def read(self, steps: Steps, fps: float, trusted: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """(T,) nats, positive where a warp explains the path better; NaN where the track is too short to tell.

        trusted: (T,) frames in which the mesh lies where the face is, and which alone count; by default all.
        """
        return unforeseen(self._known, self._warp, steps.numbers(), fps, trusted)


def unforeseen(
    known: Statistics, warp: Floats, numbers: Floats, fps: float, trusted: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """As `Foresight.read`, of a path's numbers (T, N); warp: (N, K) factor of the warps' covariance."""
    step = max(1, math.ceil(fps / _FASTEST))
    some, rate, seen = numbers[::step], fps / step, None if trusted is None else trusted[::step]
    out = np.full(len(some), np.nan)
    windows: list[slice] = []
    for reach_s in REACHES_S:
        long = max(3, round(reach_s * rate))
        windows += [slice(start, start + long) for start in range(0, len(some) - long + 1, max(1, long // _EVERY))]
    # LAPACK lets go of Python's lock.
    with ThreadPoolExecutor(os.cpu_count()) as cores:
        ratios = cores.map(lambda inside: ratio_of(known, warp, known.fault_paces["warp"], some, inside, rate, seen), windows)
        for inside, ratio in zip(windows, ratios, strict=True):
            out[inside] = np.fmax(out[inside], ratio)
    return np.repeat(out, step)[: len(numbers)].astype(np.float32)
