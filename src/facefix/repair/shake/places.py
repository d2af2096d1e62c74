"""A head's place in a picture, and how far two places are apart: shift, size and turn.

A shake is four numbers, each a percentage of the distance between the outer eye corners: shift to the right, shift down, and
what growing and turning (clockwise) move the points by, root mean square.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facefix.repair.registration.evidence import eye_distance

Floats = NDArray[np.float32]
Exact = NDArray[np.float64]
Complexes = NDArray[np.complex128]

UNIT = 100.0


def shake(mesh: Floats, rest: Floats, steady: Floats) -> Exact:
    """(4,) what `mesh` is shaken by if `rest` is where it should be: (P, 3) both, pixels of one picture.

    steady: (P,) how far each point goes with the head and not with the play of its features.
    """
    here, there = middle(mesh, steady), middle(rest, steady)
    factor = fit(rest, mesh, steady)
    unit = eye_distance(rest) / UNIT
    grown = np.log(factor) * spread(rest, steady) / unit
    shift = (here - there) / unit
    return np.array([shift.real, shift.imag, grown.real, grown.imag])


def without(mesh: Floats, shaken: Exact, steady: Floats) -> Floats:
    """The mesh (P, 3) with that shake, which is small, taken out."""
    unit = eye_distance(mesh) / UNIT
    factor = np.exp(-complex(shaken[2], shaken[3]) * unit / spread(mesh, steady))
    return _laid(mesh, steady, factor, middle(mesh, steady) - complex(shaken[0], shaken[1]) * unit)


def brought(mesh: Floats, place: Floats, steady: Floats) -> Floats:
    """The mesh (P, 3), its shape as it is, where and as large and as turned as another mesh is."""
    return _laid(mesh, steady, 1 / fit(place, mesh, steady), middle(place, steady))


def _laid(mesh: Floats, steady: Floats, factor: complex, about: complex) -> Floats:
    points = (flat(mesh) - middle(mesh, steady)) * factor + about
    return np.stack([points.real, points.imag, mesh[:, 2] * abs(factor)], 1).astype(np.float32)


def turn(angle: float) -> Exact:
    """(4, 4) takes a shake to the same one, told in axes that were turned back by that many radians."""
    axes = np.eye(4)
    axes[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return axes


def fit(mesh: Floats, other: Floats, steady: Floats) -> complex:
    """How `mesh` must be grown and turned about its middle to lie on `other`, as one complex number."""
    first, second = (flat(m) - middle(m, steady) for m in (mesh, other))
    return complex((steady * second * first.conj()).sum() / (steady * np.square(np.abs(first))).sum())


def flat(mesh: Floats) -> Complexes:
    """(P,) points of the picture as x + iy."""
    return mesh[:, 0].astype(np.float64) + 1j * mesh[:, 1]


def middle(mesh: Floats, steady: Floats) -> complex:
    return complex((steady * flat(mesh)).sum() / steady.sum())


def spread(mesh: Floats, steady: Floats) -> float:
    """Root mean square distance of the points from their middle, pixels."""
    return float(np.sqrt((steady * np.square(np.abs(flat(mesh) - middle(mesh, steady)))).sum() / steady.sum()))
