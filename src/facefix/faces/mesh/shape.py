"""Pose and shape apart: how a mesh is turned, what it looks like unturned, and whose shape that is.

A mesh is laid on the mean face by the similarity in space that fits its rigid points best. What remains is the canonical
shape, in outer eye corner distances. Its identity is a projection learned from many faces, each seen under several turns and
expressions: directions in which people differ and a face does not, scaled so that one person's own spread is 1 in each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facefix.errors import ModelError
from facefix.faces.mesh import topology
from facefix.models import zoo
from facefix.types import Pose

WEIGHTS = "shape.safetensors"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """mesh = scale * canonical @ rotation.T + shift."""

    scale: float
    rotation: Floats
    """(3, 3)."""
    shift: Floats
    """(3,)."""

    @property
    def pose(self) -> Pose:
        """As `faces.pose`: pitch first, then yaw, and the head rolls last, in the picture."""
        r = self.rotation
        return Pose(
            yaw=float(np.degrees(np.arcsin(np.clip(r[2, 0], -1, 1)))),
            pitch=float(np.degrees(np.arctan2(r[2, 1], r[2, 2]))),
            roll=float(np.degrees(np.arctan2(r[1, 0], r[0, 0]))),
        )


@dataclass(frozen=True, slots=True, eq=False)
class ShapeModel:
    """The mean face and what tells people apart."""

    mean: Floats
    """(478, 3): x to image right, y down, z away, in outer eye corner distances."""
    identity: Floats
    """(K, 1434)."""
    noise: Floats
    """(478,) spread of each point within a person, same unit: expression, and what turning the head leaves behind."""

    def place(self, mesh: ArrayLike) -> Placement:
        """The similarity that lays the mean face's rigid points on those of a (478, 3) mesh, least squares."""
        rigid = list(topology.RIGID)
        return similarity(self.mean[rigid], np.asarray(mesh, np.float64)[rigid])

    def canonical(self, mesh: ArrayLike, placement: Placement | None = None) -> NDArray[np.float32]:
        """(478, 3) the mesh unturned, moved and scaled onto the mean face. placement: what `place` says of it, where known."""
        placement = placement or self.place(mesh)
        local = (np.asarray(mesh, np.float64) - placement.shift) @ placement.rotation / placement.scale
        return local.astype(np.float32)

    def identify(self, canonical: ArrayLike) -> NDArray[np.float32]:
        """(K,) whose shape it is. Of several frames of a person, their mean tells more.

        canonical: (478, 3), or the mean of several. Compare with `difference`.
        """
        return (self.identity @ (np.asarray(canonical, np.float64) - self.mean).ravel()).astype(np.float32)


def difference(first: ArrayLike, second: ArrayLike) -> float:
    """0 (the same direction from the mean face) to 2: one less the cosine of two identities."""
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    return float(1 - a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12))


def similarity(source: Floats, target: Floats) -> Placement:
    """Least-squares scale, rotation and shift of (N, 3) onto (N, 3) (Umeyama 1991)."""
    start, end = source.mean(0), target.mean(0)
    a, b = source - start, target - end
    u, strength, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u * sign @ vt
    scale = float((strength * sign).sum() / max((a**2).sum(), 1e-12))
    return Placement(scale, rotation, end - scale * rotation @ start)


@lru_cache(maxsize=2)
def load(path: Path | None = None) -> ShapeModel:
    """The model that facefix brings along, or another file's. Raises ModelError where it is missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = path or zoo.checked(WEIGHTS)
    try:
        arrays = {name: array.astype(np.float64) for name, array in load_file(path).items()}
        return ShapeModel(arrays["mean"], arrays["identity"], arrays["noise"])
    except (OSError, KeyError, SafetensorError) as error:
        raise ModelError(f"{path} holds no shape model ({error}).") from error
