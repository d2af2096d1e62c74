"""A mesh with its pose taken out, and where its parts then lie: what the diagnosis follows over a shot."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facefix.faces.mesh import topology
from facefix.faces.mesh.shape import ShapeModel
from facefix.types import REGIONS, Unturned

AREAS = (
    topology.RIGHT_EYE + topology.RIGHT_BROW,
    topology.LEFT_EYE + topology.LEFT_BROW,
    topology.OVAL[19:],
    topology.OVAL[1:18],
    topology.NOSE,
    topology.LIPS,
)
"""Points of each part whose confidence is told, in the order of `Unturned.confidence`."""
AREAS_MIRRORED = (1, 0, 3, 2, 4, 5)
REGION_POINTS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "nose": topology.NOSE,
        "right_eye": topology.RIGHT_EYE,
        "left_eye": topology.LEFT_EYE,
        "mouth": topology.LIPS,
        "jaw": topology.OVAL[13:24],
        "right_cheek": topology.OVAL[24:30],
        "left_cheek": topology.OVAL[7:13],
    }
)
"""By the names of `types.REGIONS`."""


def unturn(model: ShapeModel, mesh: NDArray[np.float32], confidence: NDArray[np.float32]) -> Unturned:
    """mesh: (478, 3) in pixels of any scale. confidence: (478,) 0..1."""
    placement = model.place(mesh)
    shape = model.canonical(mesh, placement) - model.mean.astype(np.float32)
    sure = np.array([confidence[list(area)].mean() for area in AREAS], np.float32)
    places = np.stack([shape[list(REGION_POINTS[name]), :2].mean(0) for name in REGIONS])
    return Unturned(shape, placement.pose, sure, places)
