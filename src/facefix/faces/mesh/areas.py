"""Areas that a mesh bounds, drawn as masks, and which side of a face can be seen."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.faces.mesh import topology

_SUBPIXEL_BITS = 4

Mask = NDArray[np.uint8]


def polygon(mesh: NDArray[np.float32], ring: Sequence[int], shape: tuple[int, int]) -> Mask:
    """(H, W) 1 inside the ring of points, 0 outside. mesh: (478, 3) or (478, 2) in pixels of the mask."""
    mask = np.zeros(shape, np.uint8)
    places = np.round(mesh[list(ring), :2] * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(mask, [places], 1, shift=_SUBPIXEL_BITS)
    return mask


def hull(mesh: NDArray[np.float32], shape: tuple[int, int]) -> Mask:
    """The whole face: convex outline of all points, so that a profile's nose is in it."""
    mask = np.zeros(shape, np.uint8)
    places = np.round(mesh[: topology.SKIN_POINTS, :2] * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillConvexPoly(mask, cv2.convexHull(places), 1, shift=_SUBPIXEL_BITS)
    return mask


def eyes(mesh: NDArray[np.float32], shape: tuple[int, int]) -> Mask:
    """What shows between the lids of both eyes; nothing where they are shut."""
    return polygon(mesh, topology.RIGHT_EYE, shape) | polygon(mesh, topology.LEFT_EYE, shape)


def inner_mouth(mesh: NDArray[np.float32], shape: tuple[int, int]) -> Mask:
    """What shows between the lips."""
    return polygon(mesh, topology.INNER_LIPS, shape)


def lips(mesh: NDArray[np.float32], shape: tuple[int, int]) -> Mask:
    """Both lips, without what shows between them."""
    return polygon(mesh, topology.OUTER_LIPS, shape) & (1 - inner_mouth(mesh, shape))


def skin(mesh: NDArray[np.float32], shape: tuple[int, int]) -> Mask:
    """The face without eyes, lips and mouth."""
    return hull(mesh, shape) & (1 - eyes(mesh, shape)) & (1 - polygon(mesh, topology.OUTER_LIPS, shape))


def facing(mesh: NDArray[np.float32]) -> NDArray[np.float32]:
    """(478,) how squarely the skin at each point looks at the viewer: 1 straight at, 0 edge-on, below 0 turned away.

    Area-weighted mean of the triangles around a point; the irises take that of their eye's corners. Turned away is
    hidden; the face hides parts of itself (beside the nose) that face the viewer, and this does not tell.
    """
    corners = mesh[topology.TRIANGLES]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros((topology.POINTS, 3), np.float64)
    for corner in range(3):
        np.add.at(total, topology.TRIANGLES[:, corner], normals)
    for iris, ring in ((topology.RIGHT_IRIS, topology.RIGHT_EYE), (topology.LEFT_IRIS, topology.LEFT_EYE)):
        total[list(iris)] = total[list(ring)].sum(0)
    return (total[:, 2] / np.maximum(np.linalg.norm(total, axis=1), 1e-9)).astype(np.float32)


def visible_sides(mesh: NDArray[np.float32]) -> tuple[float, float]:
    """Share 0..1 of the person's right and left half of the face that looks toward the viewer."""
    toward = facing(mesh)[: topology.SKIN_POINTS] > 0
    return float(toward[list(RIGHT_HALF)].mean()), float(toward[list(LEFT_HALF)].mean())


def _halves() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Points of the right and the left half. A known point of each side is walked from, over the triangles."""
    middle = {i for i in range(topology.SKIN_POINTS) if topology.MIRROR[i] == i}
    neighbours: dict[int, set[int]] = {}
    for triangle in topology.TRIANGLES.tolist():
        for point in triangle:
            neighbours.setdefault(point, set()).update(triangle)
    right, waiting = set(), [topology.OUTER_CORNERS[0]]
    while waiting:
        point = waiting.pop()
        if point not in right and point not in middle:
            right.add(point)
            waiting += neighbours[point]
    left = {int(topology.MIRROR[i]) for i in right}
    return tuple(sorted(right)), tuple(sorted(left))


RIGHT_HALF, LEFT_HALF = _halves()
"""Points of the person's right and left half, without the middle line."""
