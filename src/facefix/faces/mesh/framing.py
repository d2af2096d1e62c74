"""Which square of the picture the mesh network looks at."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facefix.faces import align

SIDE_PX = 128
ZOOM = 1.25
"""Of the FFHQ crop: the face fills about 0.65 of the side from ear to ear, and turned or badly detected it still fits."""
EYE_RINGS = ((33, 133, 159, 145), (362, 263, 386, 374))
NOSE_TIP = 1
MOUTH_CORNERS = (61, 291)


def matrix(points: ArrayLike, size: int = SIDE_PX) -> NDArray[np.float32]:
    """(2, 3) similarity from source pixels to the network's crop of `size` px, for (5, 2) points as in `Face`."""
    full = align.transform(points, size)
    centre = (size - 1) / 2
    full[:, :2] *= ZOOM
    full[:, 2] = (full[:, 2] - centre) * ZOOM + centre
    return full


def through(matrix: ArrayLike, meshes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(..., 478, 3) meshes taken through a (2, 3) similarity of the plane; depth scales with it."""
    full = np.asarray(matrix, np.float64)
    depth = meshes[..., 2:] * np.hypot(full[0, 0], full[0, 1])
    return np.concatenate([align.apply(full, meshes[..., :2]), depth], -1, dtype=np.float32)


def five_points(meshes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(..., 5, 2) points that a detector would have found on (..., 478, 3) meshes."""
    eyes = [meshes[..., ring, :2].mean(-2) for ring in EYE_RINGS]
    rest = [meshes[..., point, :2] for point in (NOSE_TIP, *MOUTH_CORNERS)]
    return np.stack(eyes + rest, -2)
