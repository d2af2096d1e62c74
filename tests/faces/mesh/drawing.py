"""Paths drawn from what is known of faces and faults."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from facefix.faces.mesh.movement import Statistics, kernels
from facefix.types import Span

FPS = 25.0
FRAMES = 100


def root(matrix: np.ndarray) -> np.ndarray:
    values, axes = np.linalg.eigh(matrix)
    return axes * np.sqrt(np.clip(values, 0, None))


def drawn(known: Statistics, mode: str, span: Span, frames: int = FRAMES, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(T, N) what a face may do, and what a fault of that mode may add to it, as the statistics have it."""
    rng, basis = np.random.default_rng(seed), kernels(np.arange(frames) / FPS)
    moves = np.stack([root(np.einsum("k,ktu->tu", p, basis)) @ rng.standard_normal(frames) for p in known.paces], 1)
    pace = root(np.einsum("k,ktu->tu", known.fault_paces[mode], basis))
    added = pace @ rng.standard_normal((frames, len(known.paces))) @ root(known.faults[mode]).T
    inside = np.array([t in span for t in range(frames)])[:, None]
    return moves @ np.linalg.inv(directions(known)), inside * added


def directions(known: Statistics) -> np.ndarray:
    return eigh(known.steps, known.size)[1]
