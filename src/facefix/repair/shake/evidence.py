"""Two frames of a head laid on each other by their meshes, and how far what is seen in them then lies apart."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.repair.registration.evidence import SIDE_PX, View, eye_distance, met, pooled, tone
from facefix.repair.shake import places

Floats = NDArray[np.float32]

PER_CELL = 9
"""Numbers a cell: flow x and y and how far there and back do not meet, % of the eye distance; texture; difference in grey; how
far both show the place; whether it is on the mesh; grey; detail."""
_EDGE_PX = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """What two frames say."""

    cells: Floats
    """(PER_CELL, GRID, GRID)."""
    head: Floats
    """(4,) of the first frame, pixels of its view: the middle of the mesh x, y; a percent of the eye distance; the mesh's
    spread."""
    moved: Floats
    """(4,) what the mesh has moved by in the picture from the second frame on, as `places.shake` has it: what stands still
    behind a head flows by as much the other way."""


def compared(first: View, second: View, across: Floats, steady: Floats) -> Pair:
    """
    Args:
        across: (2, 3) takes pixels of the second view to those of the first where the picture has the same place.
        steady: (478,) as `places.shake` has it.
    """
    laid, inside = _laid(second, first, steady)
    unit = eye_distance(first.mesh) / places.UNIT
    flows, reached = met(laid, first.grey, unit)
    mesh = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    cv2.fillConvexPoly(mesh, cv2.convexHull(np.round(first.mesh[:, :2]).astype(np.int32)), 1)
    border = np.minimum(reached, SIDE_PX - 1 - reached).min(-1) / _EDGE_PX
    cells = np.stack([*flows, pooled(np.clip(border, 0, 1) * inside), pooled(mesh), *tone(first.grey)])
    about = places.middle(first.mesh, steady)
    head = np.array([about.real, about.imag, unit, places.spread(first.mesh, steady)], np.float32)
    return Pair(cells.astype(np.float32), head, _moved(first.mesh, second.mesh, across, steady))


def _moved(mesh: Floats, before: Floats, across: Floats, steady: Floats) -> Floats:
    there = np.concatenate([before[:, :2] @ across[:, :2].T + across[:, 2], before[:, 2:]], 1)
    unit = eye_distance(mesh) / places.UNIT
    shift = (places.middle(mesh, steady) - places.middle(there, steady)) / unit
    grown = (1 - 1 / places.fit(there, mesh, steady)) * places.spread(mesh, steady) / unit
    return np.array([shift.real, shift.imag, grown.real, grown.imag], np.float32)


def between(first: Floats, second: Floats) -> Floats:
    """(2, 3) from the view that the matrix `second` (2, 3) cuts out of a picture to the one that `first` cuts out."""
    turn = first[:, :2] @ np.linalg.inv(second[:, :2])
    return np.hstack([turn, first[:, 2:] - turn @ second[:, 2:]]).astype(np.float32)


def _laid(view: View, onto: View, steady: Floats) -> tuple[NDArray[np.uint8], Floats]:
    """The grey of one view, moved so that its head lies where the other's does; and where it shows anything, 0..1."""
    factor = places.fit(view.mesh, onto.mesh, steady)
    shift = places.middle(onto.mesh, steady) - factor * places.middle(view.mesh, steady)
    matrix = np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])
    size = (SIDE_PX, SIDE_PX)
    grey = cv2.warpAffine(view.grey, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.ones(size, np.float32), matrix, size, flags=cv2.INTER_LINEAR)
    return np.asarray(grey, np.uint8), np.asarray(inside, np.float32)
