"""One training sample: a labelled crop, turned, bent, cut as a detector might cut it, damaged and covered.

What moves pixels moves the label; what damages them does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from facefix.faces.mesh import framing
from mesh import damage
from mesh.turn import GRID_PX, turn

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]

NOBODY = 0.02
"""Share of the samples without a face."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of the samples."""

    turned: float
    bent: float
    covered: float
    plain: float
    """Changed in nothing but light."""


FULL = Mix(0.4, 0.25, 0.35, 0.25)
CALM = Mix(0.15, 0.12, 0.25, 0.35)
"""Nearer to what clips show: to end a training with."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the network sees and should say."""

    picture: Picture
    """(S, S, 3) RGB."""
    mesh: Floats
    """(478, 3) crop pixels of the input; z less its mean."""
    seen: Floats
    """(478,) 1 where nothing was put over the point, 0 where something was; all 0 where there is no face."""


def sample(
    crop: Picture, mesh: Floats, relief: Floats, other: Picture, order: NDArray[np.int32], mix: Mix, rng: Generator
) -> Sample:
    """crop: (S, S, 3). mesh: (478, 3) its pixels. relief: its depth. other: another crop, to cut things out of.
    order: the mirror permutation of the points."""
    if rng.random() < NOBODY:
        return nobody(other, mesh, rng)
    size = crop.shape[0]
    where = None
    if rng.random() < mix.turned:
        yaw = rng.uniform(-45, 45) if rng.random() < 0.8 else rng.choice([-1, 1]) * rng.uniform(30, 65)
        where, mesh = turn(relief, mesh, size, yaw, float(np.clip(rng.normal(0, 10), -25, 25)))
    field = bend(size, rng) if rng.random() < mix.bent else None
    if field is not None:
        mesh = bent(mesh, field, size)
    matrix = aim(mesh, rng)
    picture = cut(crop, where, field, matrix)
    mesh = np.concatenate(
        [mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2], mesh[:, 2:] * np.sqrt(abs(np.linalg.det(matrix[:, :2])))], 1
    )
    if rng.random() < 0.5:
        picture = np.ascontiguousarray(picture[:, ::-1])
        mesh = mesh[order]
        mesh[:, 0] = framing.SIDE_PX - 1 - mesh[:, 0]
    picture, seen = spoil(picture, mesh.astype(np.float32), other, mix, rng)
    mesh[:, 2] -= mesh[:468, 2].mean()
    return Sample(picture, mesh.astype(np.float32), seen)


def nobody(other: Picture, mesh: Floats, rng: Generator) -> Sample:
    """What a misled detector shows: a piece of a picture beside the face, of any size, or nothing but texture."""
    side, size = framing.SIDE_PX, other.shape[0]
    if rng.random() < 0.8:
        edge = int(size * rng.uniform(0.08, 0.2))
        x, y = (int(rng.choice([0, size - edge])) for _ in range(2))
        picture = cv2.resize(np.rot90(other[y : y + edge, x : x + edge], rng.integers(4)), (side, side))
    else:
        knots = int(rng.integers(2, 64))
        picture = cv2.resize(rng.integers(0, 256, (knots, knots, 3), np.uint8), (side, side), interpolation=cv2.INTER_CUBIC)
    picture = damage.light(np.ascontiguousarray(picture), rng)
    return Sample(picture, mesh.astype(np.float32), np.zeros(len(mesh), np.float32))


def aim(mesh: Floats, rng: Generator) -> Floats:
    """(2, 3) matrix of the network's crop as an inexact detector would aim it; now and then it misses by far."""
    points = framing.five_points(mesh)
    unit = np.linalg.norm(points - points.mean(0), axis=1).mean()
    strength = rng.choice([0.25, 1.0, 2.5], p=[0.55, 0.35, 0.1])
    points = points + rng.normal(0, 0.08 * strength, points.shape) * unit
    matrix = framing.matrix(points).astype(np.float64)
    angle, scale = np.radians(rng.normal(0, 4 * strength)), np.exp(rng.normal(0, 0.04 * strength))
    spin = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.full(2, (framing.SIDE_PX - 1) / 2)
    shift = rng.normal(0, 0.02 * strength, 2) * framing.SIDE_PX
    return np.hstack([spin @ matrix[:, :2], (spin @ (matrix[:, 2] - centre) + centre + shift)[:, None]]).astype(np.float32)


def bend(size: int, rng: Generator) -> Floats:
    """(G, G, 2) smooth shift of the picture, in crop pixels."""
    knots = int(rng.integers(3, 7))
    strength = rng.uniform(0.003, 0.05 / knots) * size
    field = rng.standard_normal((knots, knots, 2)).astype(np.float32) * strength
    return cv2.resize(field, (GRID_PX, GRID_PX), interpolation=cv2.INTER_CUBIC)


def bent(mesh: Floats, field: Floats, size: int) -> Floats:
    """The mesh carried by the field: a point goes where the pixel that reads it lies."""
    x, y = mesh[:, 0], mesh[:, 1]
    step = size / GRID_PX
    for _ in range(3):
        at = ((x + 0.5) / step - 0.5).astype(np.float32)[None], ((y + 0.5) / step - 0.5).astype(np.float32)[None]
        moved = cv2.remap(field, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
        x, y = mesh[:, 0] + moved[:, 0], mesh[:, 1] + moved[:, 1]
    return np.stack([x, y, mesh[:, 2]], 1).astype(np.float32)


def cut(crop: Picture, where: Floats | None, field: Floats | None, matrix: Floats) -> Picture:
    """The input: one look-up in the crop through the cut, the bend and the turn together."""
    side = framing.SIDE_PX
    border = cv2.BORDER_REFLECT_101
    if where is None and field is None:
        return cv2.warpAffine(crop, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border)
    step = crop.shape[0] / GRID_PX
    back = cv2.invertAffineTransform(matrix)
    x, y = np.meshgrid(np.arange(side, dtype=np.float32), np.arange(side, dtype=np.float32))
    at = np.stack([x, y], -1) @ back[:, :2].T.astype(np.float32) + back[:, 2].astype(np.float32)
    edge = cv2.BORDER_REPLICATE
    if field is not None:
        grid = (at + 0.5) / step - 0.5
        at = at - cv2.remap(field, grid, None, cv2.INTER_LINEAR, borderMode=edge)
    if where is not None:
        grid = (at + 0.5) / step - 0.5
        inner = cv2.remap(where, grid, None, cv2.INTER_LINEAR, borderMode=edge)
        # Beyond the turned grid its edge moves on with the picture.
        at = inner + (grid - np.clip(grid, 0, GRID_PX - 1)) * step
    return cv2.remap(crop, at.astype(np.float32), None, cv2.INTER_LINEAR, borderMode=border)


def spoil(picture: Picture, mesh: Floats, other: Picture, mix: Mix, rng: Generator) -> tuple[Picture, Floats]:
    """The damaged picture, and which points nothing covers."""
    picture = damage.light(picture, rng) if rng.random() < 0.7 else picture
    seen = np.ones(len(mesh), np.float32)
    if rng.random() < mix.covered:
        picture, seen = covered(picture, mesh, other, rng)
    if rng.random() < mix.plain:
        return picture, seen
    if rng.random() < 0.25:
        picture = damage.wax(picture, rng.random(), rng)
    if rng.random() < 0.4:
        picture = damage.blur(picture, rng.uniform(0.3, 1) * rng.uniform(0.3, 2.6))
    elif rng.random() < 0.15:
        picture = damage.motion(picture, rng.uniform(2, 9), rng.uniform(0, np.pi))
    if rng.random() < 0.2:
        picture = damage.coarse(picture, np.exp(rng.uniform(0.1, 1.5)))
    if rng.random() < 0.35:
        picture = damage.noise(picture, rng.uniform(1, 8) if rng.random() < 0.7 else rng.uniform(8, 25), rng)
    if rng.random() < 0.4:
        factor = rng.choice([1.0, 0.5, 2.0])
        side = picture.shape[0]
        scaled = picture if factor == 1 else cv2.resize(picture, (int(side * factor),) * 2, interpolation=cv2.INTER_AREA)
        squeezed = damage.jpeg(scaled, int(np.exp(rng.uniform(np.log(4), np.log(60)))))
        picture = cv2.resize(squeezed, (side, side), interpolation=cv2.INTER_AREA if factor > 1 else cv2.INTER_LINEAR)
    return picture, seen


def covered(picture: Picture, mesh: Floats, other: Picture, rng: Generator) -> tuple[Picture, Floats]:
    """One or two things in front of the face, each up to about a third of it."""
    side = picture.shape[0]
    seen = np.ones(len(mesh), np.float32)
    for _ in range(1 if rng.random() < 0.7 else 2):
        centre = mesh[rng.integers(468), :2] + rng.normal(0, 0.05, 2) * side
        mask = damage.cover(side, centre, side * rng.uniform(0.06, 0.26), rng)
        thing = damage.filling(picture, other, rng)
        opacity = 1.0 if rng.random() < 0.85 else rng.uniform(0.3, 0.9)
        picture = (picture + (thing.astype(np.float32) - picture) * (mask * opacity)[..., None]).astype(np.uint8)
        x, y = np.clip(np.round(mesh[:, :2]).astype(int), 0, side - 1).T
        seen = np.minimum(seen, 1 - mask[y, x] * opacity)
    return picture, seen
