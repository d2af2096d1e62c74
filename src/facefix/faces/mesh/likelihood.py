"""How likely a face's path is with a fault in it, given what is known of how it moves; for foresight and straightening."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from facefix.faces.mesh.movement import Floats, Statistics, kernels, movements, swelling, usual_covariance

BESIDE = 2
"""Frames beside a finding that may be bent too."""
_AROUND_S = 1.2
"""Frames before and after a window that it is foretold from."""
_KNOWN_S = 10.0
"""Frames before and after that tell how this face moves."""
_DOUBT = 0.1
"""Share of a direction's variance that nothing foretells: the mesh's noise, and what such processes do not know of faces."""
_DIRECTIONS = 12
"""In which faults are told: those in which they stand out most."""
_FEWEST = 8
"""Frames outside a window without which nothing is foretold."""


def ratio(known: Statistics, kind: str, gain: float, numbers: Floats, window: slice, fps: float) -> float:
    """How much likelier a window of a path's numbers (T, N) is, as logarithm, if a fault is in it; NaN where nothing can be
    foretold.

    kind: of the faults in `known`; it swells and goes. gain: of its covariance.
    """
    return ratio_of(known, strongest(gain * known.faults[kind]), known.fault_paces[kind], numbers, window, fps)


def ratio_of(
    known: Statistics,
    fault: Floats,
    shares: Floats,
    numbers: Floats,
    window: slice,
    fps: float,
    trusted: NDArray[np.bool_] | None = None,
) -> float:
    """The same of the fault whose covariance has that factor (N, K), and whose pace has those shares (kernels,).

    trusted: (T,) frames whose numbers tell where the face is, and so count; by default all.
    """
    frames = np.arange(len(numbers))
    seen = np.ones(len(numbers), np.bool_) if trusted is None else trusted
    outside = (frames < window.start - BESIDE) | (frames >= window.stop + BESIDE)
    calm = seen & outside & (np.abs(frames - (window.start + window.stop) / 2) < _KNOWN_S * fps)
    if calm.sum() < _FEWEST or not seen[window].any():
        return math.nan
    directions, paces, _ = movements(known, numbers, calm)
    moves = (numbers - numbers[calm].mean(0)) @ directions
    off, spread = _foretold(moves, paces, window, fps, seen)
    # Every direction in units of what is not foretold of it, turned to where the fault is strongest beside that.
    size = np.sqrt(np.einsum("nii->n", spread) / len(off))
    turn, strength, _ = np.linalg.svd(directions.T @ fault / size[:, None], full_matrices=False)
    off, spread = (off / size) @ turn, np.tensordot((turn**2).T, spread / size[:, None, None] ** 2, 1)
    inside = np.flatnonzero(seen[window])
    swell = swelling(window.stop - window.start)[inside]
    pace = np.einsum("k,ktu->tu", shares, kernels(inside / fps)) * swell[:, None] * swell
    bent = spread + strength[:, None, None] ** 2 * pace
    gain = _squares(spread, off) - _squares(bent, off)
    return float((gain - np.linalg.slogdet(bent)[1] + np.linalg.slogdet(spread)[1]).sum() / 2)


def _foretold(moves: Floats, paces: Floats, window: slice, fps: float, seen: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """How far each direction is off in the L frames of the window that are seen, (L, N), for what those around it foretell, and
    how far off it may be: covariances (N, L, L). Conditional Gaussians (Rasmussen and Williams 2006, equation 2.19)."""
    around = round(_AROUND_S * fps)
    frames = np.arange(max(0, window.start - around), min(len(moves), window.stop + around))
    frames = frames[seen[frames]]
    own = usual_covariance(paces, kernels(frames / fps), _DOUBT)
    inside = (frames >= window.start) & (frames < window.stop)
    across = own[:, inside][:, :, ~inside]
    weights = np.linalg.solve(own[:, ~inside][:, :, ~inside], across.transpose(0, 2, 1)).transpose(0, 2, 1)
    off = moves[frames[inside]] - np.matmul(weights, moves[frames[~inside]].T[:, :, None])[:, :, 0].T
    return off, own[:, inside][:, :, inside] - weights @ across.transpose(0, 2, 1)


def _squares(spread: Floats, off: Floats) -> Floats:
    """(M,) squared Mahalanobis lengths of (L, M) under (M, L, L)."""
    return np.einsum("im,mi->m", off, np.linalg.solve(spread, off.T[:, :, None])[:, :, 0])


def strongest(covariance: Floats) -> Floats:
    """(N, K) the factor of a covariance's largest directions."""
    values, directions = np.linalg.eigh(covariance)
    return directions[:, -_DIRECTIONS:] * np.sqrt(np.maximum(values[-_DIRECTIONS:], 0))
