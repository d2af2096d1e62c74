"""How faces and their faults move: Gaussian processes over the numbers of `path`.

A face moves in directions of its own, each at its own pace: the turn of a head is large and smooth, the play of lips small and
fast. What is known of other people's movements is read from weights; a face's own come to it (`movements`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as File
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from facefix.errors import ModelError
from facefix.faces.mesh.path import HELD, TURNED
from facefix.models import own

Floats = NDArray[np.float64]

WEIGHTS = "straightening.safetensors"
MODES = ("collapsed", "warp", "drift", "flicker")
"""Those that move features, in the order in which they are taken out."""
SMEAR = "smear"
"""Warps that drag one half of the face along: they move the mesh in a way of their own."""
KERNELS_S = (0.05, 0.15, 0.5, 2.0)
"""Reaches of the Matern kernels (nu = 3/2) that paths are mixed of; one more is white, one constant."""
_OTHERS_FRAMES = 60.0
"""Other people's movements count like so many frames of this track."""
_STRANGER = 0.3
"""How far the mean of the sound frames may be off, in variances of the face's movement."""
_FEW = 8
"""Sound frames up to which they tell nothing of how a face moves."""
_RAMP = 5
_LIVELIEST = 0.01, 3.0
"""Least and greatest variance of a face's own numbers that is believed, in variances of other people's."""
_HALF_KNOWN = 30.0
"""Sound frames with which half of that (of its logarithm) is believed."""


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """What is known of faces and faults, of N numbers a frame."""

    axes: Floats
    """(K, 1434) directions of shapes."""
    size: Floats
    """(N, N) covariance of a face's numbers about their own mean."""
    steps: Floats
    """(N, N) mean square of their change from frame to frame."""
    speeds: Floats
    """(N,) steps / size in the directions in which both are uncorrelated, ascending."""
    paces: Floats
    """(N, kernels) shares of the kernels in each of these directions: white, Materns, constant; sum 1."""
    faults: dict[str, Floats]
    """Mode, or SMEAR -> (N, N) mean square of what it adds to the numbers."""
    fault_paces: dict[str, Floats]
    """Mode, or SMEAR -> (kernels,)."""


class Movements(NamedTuple):
    """N directions in which a face moves, uncorrelated, of variance 1, the slowest first."""

    directions: Floats
    """(N, N)."""
    paces: Floats
    """(N, kernels)."""
    speeds: Floats
    """(N,) mean squares of the change from frame to frame."""


def movements(known: Statistics, numbers: Floats, calm: NDArray[np.bool_], paced: bool = False) -> Movements:
    """How this face moves.

    numbers: (T, N) the path. calm: (T,) the frames that tell how this face moves. Slow feature analysis (Wiskott and
    Sejnowski 2002) of these, helped out by what others do; how a movement goes on over time is known from its speed.
    paced: what others do is first made as lively as this face is, for they may nod while this one sits still. Not where
    something slow is looked for: of that a few seconds show too little.
    """
    size, steps = known.size, known.steps
    if calm.sum() > _FEW:
        change = np.diff(numbers, axis=0)[calm[1:] & calm[:-1]]
        size = _joined(np.cov(numbers[calm].T), int(calm.sum()), size, paced)
        steps = _joined(change.T @ change / max(1, len(change)), len(change), steps, paced)
    speeds, directions = eigh(steps, size)
    at, usual = np.log(np.maximum(speeds, 1e-9)), np.log(np.maximum(known.speeds, 1e-9))
    paces = np.stack([np.interp(at, usual, shares) for shares in known.paces.T], 1)
    return Movements(directions, paces / paces.sum(1, keepdims=True), speeds)


def _joined(own: Floats, frames: int, others: Floats, paced: bool) -> Floats:
    """(N, N) of a face's own covariance in so many frames and that of others."""
    if paced:
        scale = np.sqrt(_liveliness(own, frames, others))
        others = scale[:, None] * others * scale
    return (frames * own + _OTHERS_FRAMES * others) / (frames + _OTHERS_FRAMES)


def _liveliness(own: Floats, frames: int, others: Floats) -> Floats:
    """(N,) how lively a face is beside others, as a share of the variance: one number each for its shape, where the head is
    (and how large), and how it is held."""
    ratio = np.log(np.clip(np.diag(own) / np.diag(others), *_LIVELIEST))
    shape = len(ratio) - HELD
    for part in (slice(0, shape), slice(shape, shape + TURNED), slice(shape + TURNED, None)):
        ratio[part] = ratio[part].mean()
    return np.exp(ratio * frames / (frames + _HALF_KNOWN))


def usual_covariance(paces: Floats, basis: Floats, noise: Floats | float) -> Floats:
    """(N, T, T) of a face's movements about the mean of its sound frames; noise: variance that is new in every frame, one for
    all directions or (N,)."""
    new = np.multiply.outer(np.broadcast_to(noise, len(paces)), np.eye(basis.shape[1]))
    return np.tensordot(paces, basis, 1) + _STRANGER + new


def swelling(frames: int) -> Floats:
    """(frames,) how far a warp or flicker has come, as a share of its whole: it swells and goes."""
    return np.minimum(1, np.minimum(np.arange(1, frames + 1), np.arange(frames, 0, -1)) / _RAMP)


def kernels(seconds: Floats) -> Floats:
    """(len(KERNELS_S) + 2, T, T) covariances over time of variance 1: white, Materns of growing reach, constant."""
    apart = np.abs(seconds[:, None] - seconds)
    return np.stack([(apart < 1e-6).astype(float), *(matern(apart, reach_s) for reach_s in KERNELS_S), np.ones_like(apart)])


def matern(apart: Floats, reach_s: float) -> Floats:
    r = np.sqrt(3) * apart / reach_s
    return (1 + r) * np.exp(-r)


def load(file: File) -> Statistics:
    """Raises ModelError where the file holds something else."""
    arrays = {name: tensor.double().numpy() for name, tensor in own.tensors(file, "the straightener").items()}
    try:
        return Statistics(
            arrays["axes"],
            arrays["size"],
            arrays["steps"],
            arrays["speeds"],
            arrays["paces"],
            {mode: arrays[f"fault_{mode}"] for mode in (*MODES, SMEAR)},
            {mode: arrays[f"pace_{mode}"] for mode in (*MODES, SMEAR)},
        )
    except KeyError as error:
        raise ModelError(f"{file} holds no statistics of {error.args[0]}.") from error
