"""Crops and the teacher's labels, joined, checked and brought to the size that training cuts its inputs from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import distance_transform_edt
from scipy.optimize import linear_sum_assignment
from scipy.spatial import ConvexHull

from facefix.faces.mesh import topology

Floats = NDArray[np.float32]

STORE_PX = 224
"""Training cuts 128 px inputs from crops of this side, in which a face is a little larger than in the input."""
DEPTH_PX = 56
EYES = (33, 263)
"""Outer eye corners of the mesh."""
BEND = 0.9
"""How fast the head falls back beyond the face's outline, per pixel."""
DEEPEST = 0.8
"""How far it falls at most, in eye distances."""


@dataclass(frozen=True, slots=True)
class Faces:
    """N labelled crops."""

    crops: NDArray[np.uint8]
    """(N, S, S, 3) RGB."""
    meshes: Floats
    """(N, 478, 3) crop pixels: the mean of the teacher's views."""
    plain: Floats
    """(N, 478, 3) crop pixels: the teacher on the crop as it is."""
    points: Floats
    """(N, 5, 2) the detector's points, crop pixels."""
    spread: Floats
    """(N,) mean distance of the teacher's views from their mean, as a share of the eye distance."""
    rows: list[dict]

    def __len__(self) -> int:
        return len(self.rows)

    def pick(self, chosen: NDArray[np.bool_]) -> Faces:
        rows = [row for row, keep in zip(self.rows, chosen, strict=True) if keep]
        arrays = (a[chosen] for a in (self.crops, self.meshes, self.plain, self.points, self.spread))
        return Faces(*arrays, rows)

    @property
    def held_out(self) -> NDArray[np.bool_]:
        return np.array([row["held_out"] for row in self.rows])


def eye_distance(meshes: Floats) -> Floats:
    """(...,) distance of the outer eye corners in space, so that a profile does not shrink it."""
    return np.linalg.norm(meshes[..., EYES[0], :] - meshes[..., EYES[1], :], axis=-1)


def yaw_deg(meshes: Floats) -> Floats:
    """(N,) how far (N, 478, 3) heads are turned to either side, from the two sides of the face."""
    across = meshes[:, 454] - meshes[:, 234]
    return np.abs(np.degrees(np.arctan2(across[:, 2], across[:, 0])))


def mirror_order(plain: Floats, mirrored: Floats) -> NDArray[np.int64]:
    """(478,) permutation: point i of the mirror picture is point order[i] of the picture. From the labels of both."""
    gap = np.linalg.norm(plain[:, :, None, :2] - mirrored[:, None, :, :2], axis=-1).mean(0)
    here, there = linear_sum_assignment(gap)
    order = np.empty(len(gap), np.int64)
    order[here] = there
    if not (order[order] == np.arange(len(order))).all():
        raise ValueError("left and right points do not pair up")
    return order


def load(folder: Path) -> Faces:
    """Every crop that the teacher saw a face in, all views agreeing to 6 % of the eye distance."""
    rows = json.loads((folder / "crops.json").read_text())
    parts = [np.load(path)["meshes"] for path in sorted(folder.glob("labels*.npz"))]
    views = np.fmax.reduce(np.stack(parts)) if len(parts) > 1 else parts[0]
    views[:, 1] = views[:, 1, topology.MIRROR]
    views[..., 2] -= views[..., :468, 2].mean(-1)[..., None]
    meshes = views.mean(1)
    size = eye_distance(meshes)
    spread = np.linalg.norm((views - meshes[:, None])[..., :2], axis=-1).mean((1, 2)) / size
    good = np.isfinite(spread) & (spread < 0.06)
    crops = np.load(folder / "crops.npy", mmap_mode="r")
    points = np.array([row["points"] for row in rows], np.float32)
    plain = views[:, 0]
    kept = [row for row, keep in zip(rows, good, strict=True) if keep]
    return Faces(crops[good], meshes[good], plain[good], points[good], spread[good].astype(np.float32), kept)


def shrink(faces: Faces, size: int = STORE_PX) -> Faces:
    """The same faces in smaller crops."""
    old = faces.crops.shape[1]
    crops = np.stack([cv2.resize(c, (size, size), interpolation=cv2.INTER_AREA) for c in faces.crops])
    scale = size / old

    def moved(points: Floats) -> Floats:
        points = points * scale
        points[..., :2] += (scale - 1) / 2
        return points.astype(np.float32)

    return Faces(crops, moved(faces.meshes), moved(faces.plain), moved(faces.points), faces.spread, faces.rows)


def depth(mesh: Floats, size: int = STORE_PX, grid: int = DEPTH_PX) -> Floats:
    """(grid, grid) depth of the head under each pixel of a crop of `size`, in crop pixels: the mesh's on the face, falling
    back beyond its outline down to a wall."""
    centres = (np.arange(grid) + 0.5) * size / grid - 0.5
    x, y = np.meshgrid(centres, centres)
    order = np.argsort(-mesh[:468, 2])  # of points that share a place the nearest stays
    field = LinearNDInterpolator(mesh[order][:, :2] + 1e-4 * mesh[order][:, 1:3], mesh[order, 2])(x, y)
    hull = ConvexHull(mesh[:468, :2])
    inside = (
        hull.equations[:, 0, None, None] * x + hull.equations[:, 1, None, None] * y + hull.equations[:, 2, None, None] < 0
    ).all(0)
    known = inside & np.isfinite(field)
    away, (rows, columns) = distance_transform_edt(~known, return_indices=True)
    fall = np.minimum(away * size / grid * BEND, DEEPEST * float(eye_distance(mesh)))
    return cv2.GaussianBlur((field[rows, columns] + fall).astype(np.float32), (0, 0), 0.7)
