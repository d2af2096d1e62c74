"""A track's meshes as a path: in every frame a few numbers for the shape and seven for where the head is and how it is held.

Linear maps from meshes to numbers and back, so that what is known of faces and faults can be told by covariances. Shapes are
weighed with their depth turned down, for it is less well known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from facefix.faces.mesh.shape import Placement, ShapeModel

Floats = NDArray[np.float64]

DEPTH = 0.4
"""How much a point's depth counts beside its place in the picture."""
HELD = 7
"""Numbers of a head's place: shift x, y, z in eye distances, logarithm of its size, rotation vector."""
TURNED = 4
"""The first of them that says how it is held."""
_WEIGHTS = np.array([1.0, 1.0, DEPTH])


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """T frames of one face."""

    shapes: Floats
    """(T, 478, 3) unturned, off the mean face, in outer eye corner distances."""
    held: Floats
    """(T, HELD) against `usual`, in its orientation."""
    usual: Placement
    """The head's usual place in this track."""

    def numbers(self, axes: Floats) -> Floats:
        """(T, K + HELD) of axes (K, 1434)."""
        return np.concatenate([flat(self.shapes) @ axes.T, self.held], 1)

    def without(self, numbers: Floats, axes: Floats, model: ShapeModel) -> NDArray[np.float32]:
        """(T, 478, 3) meshes, in the pixels they came in, with that much (T, K + HELD) taken out of their path.

        What the axes do not hold of a shape stays as it is.
        """
        count = len(axes)
        shapes = model.mean + self.shapes - (numbers[:, :count] @ axes).reshape(len(numbers), -1, 3) / _WEIGHTS
        held = self.held - numbers[:, count:]
        usual = Rotation.from_matrix(self.usual.rotation)
        turned = (usual * Rotation.from_rotvec(held[:, TURNED:])).as_matrix()
        scale = self.usual.scale * np.exp(held[:, 3])
        shift = self.usual.shift + self.usual.scale * held[:, :3] @ self.usual.rotation.T
        return (np.einsum("t,tij,tpj->tpi", scale, turned, shapes) + shift[:, None]).astype(np.float32)


class Steps:
    """A path gathered frame by frame, of which only the numbers are kept: half a kilobyte a frame."""

    def __init__(self, model: ShapeModel, axes: Floats) -> None:
        """axes: (K, 1434), as `Path.numbers` takes them."""
        self._model, self._axes = model, axes
        self._shapes: list[Floats] = []
        self._places: list[Placement] = []

    def add(self, mesh: NDArray[np.float32]) -> None:
        """The next frame's mesh (478, 3), in pixels of a picture that does not move with the face."""
        place = self._model.place(mesh)
        shape = self._model.canonical(mesh, place) - self._model.mean
        self._shapes.append(flat(shape[None])[0] @ self._axes.T)
        self._places.append(place)

    def numbers(self) -> Floats:
        """(T, K + HELD), as `Path.numbers`; at least one frame must have been added."""
        return np.concatenate([np.stack(self._shapes), held(self._places)[0]], 1)


def path(model: ShapeModel, meshes: NDArray[np.float32]) -> Path:
    """The path of (T, 478, 3) meshes in pixels of a picture that does not move with the face."""
    places = [model.place(mesh) for mesh in meshes]
    shapes = np.stack([model.canonical(m, p) for m, p in zip(meshes, places, strict=True)]) - model.mean
    return Path(shapes, *held(places))


def held(places: Sequence[Placement]) -> tuple[Floats, Placement]:
    """(T, HELD) of the head's places, against the usual one, which is given too."""
    turned = Rotation.from_matrix(np.stack([p.rotation for p in places]))
    scale, shift = np.array([p.scale for p in places]), np.stack([p.shift for p in places])
    middle = turned.mean()
    usual = Placement(float(np.median(scale)), middle.as_matrix(), np.median(shift, 0))
    moved = (shift - usual.shift) @ usual.rotation / usual.scale
    return np.concatenate([moved, np.log(scale / usual.scale)[:, None], (middle.inv() * turned).as_rotvec()], 1), usual


def flat(shapes: Floats) -> Floats:
    """(T, 1434) of (T, 478, 3), depth turned down."""
    return (shapes * _WEIGHTS).reshape(len(shapes), -1)


def unflat(numbers: Floats) -> Floats:
    """(T, 478, 3) of (T, 1434): undoes `flat`."""
    return numbers.reshape(len(numbers), -1, 3) / _WEIGHTS


def reach(model: ShapeModel) -> Floats:
    """(HELD, 1434) how the mean face's points move with each number of a head's place; flat, as the axes are."""
    fields = np.zeros((HELD, *model.mean.shape))
    for k in range(3):
        fields[k, :, k] = 1
        fields[4 + k] = np.cross(np.eye(3)[k], model.mean)
    fields[3] = model.mean
    return flat(fields)
