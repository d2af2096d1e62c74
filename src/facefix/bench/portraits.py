"""Good portraits made bad, one property each: what the reference check must name, and name for the right reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from facefix.faces.mesh import areas, topology
from facefix.repair import placing
from facefix.types import Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A good picture and where the face is in it."""

    pixels: Pixels
    """(S, S, 3) uint8, square."""
    mesh: NDArray[float32]
    """(478, 3) its pixels."""


Spoil = Callable[[Portrait, Portrait, np.random.Generator], Pixels]
"""Takes the portrait, another person's, and chance."""


def _two(one: Portrait, other: Portrait, rng: np.random.Generator) -> Pixels:
    side = one.pixels.shape[0]
    return np.concatenate([one.pixels, cv2.resize(other.pixels, (side, side), interpolation=cv2.INTER_AREA)], 1)


def _small(one: Portrait, _: Portrait, rng: np.random.Generator) -> Pixels:
    side = int(rng.integers(200, 400))
    return cv2.resize(one.pixels, (side, side), interpolation=cv2.INTER_AREA)


def _far(one: Portrait, _: Portrait, rng: np.random.Generator) -> Pixels:
    side = one.pixels.shape[0]
    margin = round(side * rng.uniform(0.5, 0.9))
    return cv2.copyMakeBorder(one.pixels, margin, margin, margin, margin, cv2.BORDER_REPLICATE)


def _turned(axis: str, low: float, high: float) -> Spoil:
    def spoil(one: Portrait, _: Portrait, rng: np.random.Generator) -> Pixels:
        angle = float(rng.choice([-1, 1]) * rng.uniform(low, high))
        middle = one.mesh.mean(0)
        turn = Rotation.from_euler(axis, angle, degrees=True).as_matrix()
        wanted = ((one.mesh - middle) @ turn.T + middle).astype(float32)
        return _rendered(one, wanted)

    return spoil


def _rendered(one: Portrait, wanted: NDArray[float32]) -> Pixels:
    """The face's texture on another mesh, far triangles first, before its own blurred surroundings."""
    side = one.pixels.shape[0]
    out = np.asarray(cv2.GaussianBlur(one.pixels, (0, 0), side / 12), np.uint8)
    corners = wanted[topology.TRIANGLES]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2]
    facing = np.flatnonzero(normal > 0)
    for number in facing[np.argsort(-corners[facing, :, 2].mean(1))]:
        target = corners[number, :, :2]
        low = np.maximum(np.floor(target.min(0)).astype(int) - 1, 0)
        high = np.minimum(np.ceil(target.max(0)).astype(int) + 2, side)
        if (high <= low).any():
            continue
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        matrix = cv2.getAffineTransform(one.mesh[topology.TRIANGLES[number], :2], (target - low).astype(float32))
        patch = cv2.warpAffine(one.pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        mask = np.zeros(size[::-1], np.uint8)
        cv2.fillConvexPoly(mask, np.rint(target - low).astype(np.int32), 1)
        here = out[low[1] : high[1], low[0] : high[0]]
        here[mask > 0] = patch[mask > 0]
    return out


def _aside(one: Portrait, _: Portrait, rng: np.random.Generator) -> Pixels:
    side = one.pixels.shape[0]
    shift = float(rng.choice([-1, 1]) * rng.uniform(0.21, 0.26)) * side
    moved = cv2.warpAffine(
        one.pixels, np.array([[1, 0, shift], [0, 1, 0]], float32), (side, side), borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.uint8)


def _blurred(one: Portrait, _: Portrait, rng: np.random.Generator) -> Pixels:
    sigma = one.pixels.shape[0] * rng.uniform(0.006, 0.012)
    return np.asarray(cv2.GaussianBlur(one.pixels, (0, 0), sigma), np.uint8)


def _half_lit(one: Portrait, _: Portrait, rng: np.random.Generator) -> Pixels:
    side = one.pixels.shape[0]
    ramp = 1 / (1 + np.exp(-(np.arange(side) - one.mesh[:, 0].mean()) / (0.05 * side)))
    light = 1 - rng.uniform(0.65, 0.85) * (ramp if rng.random() < 0.5 else 1 - ramp)
    return np.rint(one.pixels * light[None, :, None]).astype(np.uint8)


def _grinning(one: Portrait, _: Portrait, rng: np.random.Generator) -> Pixels:
    eyes = float(np.linalg.norm(one.mesh[33] - one.mesh[263]))
    wanted = one.mesh.copy()
    for corner, way in ((61, -1.0), (291, 1.0)):
        near = np.exp(-np.square((one.mesh - one.mesh[corner])[:, :2]).sum(1) / (2 * (0.16 * eyes) ** 2))
        wanted[:, 0] += way * near * eyes * 0.11
        wanted[:, 1] -= near * eyes * rng.uniform(0.10, 0.14)
    return _moved(one, wanted)


def _sleeping(one: Portrait, _: Portrait, rng: np.random.Generator) -> Pixels:
    side = one.pixels.shape[0]
    width = float(np.linalg.norm(one.mesh[33, :2] - one.mesh[133, :2]))
    opening = cv2.dilate(areas.eyes(one.mesh, (side, side)), np.ones((max(3, int(0.3 * width)),) * 2, np.uint8))
    lids = np.asarray(cv2.inpaint(one.pixels, opening, 3, cv2.INPAINT_TELEA), np.uint8)
    for ring in (topology.RIGHT_EYE, topology.LEFT_EYE):
        # A ring begins with the lower lid, from the outer corner to the inner: there the lashes meet.
        line = np.rint(one.mesh[list(ring[:9]), :2]).astype(np.int32)
        cv2.polylines(lids, [line], False, (50, 35, 30), max(1, round(0.06 * width)), cv2.LINE_AA)
    return lids


def _crowded(one: Portrait, _: Portrait, rng: np.random.Generator) -> Pixels:
    side = one.pixels.shape[0]
    cell = max(4, side // 40)
    tiles = rng.integers(0, 256, (side // cell + 1, side // cell + 1, 3)).astype(np.uint8)
    pattern = np.kron(tiles, np.ones((cell, cell, 1), np.uint8))[:side, :side]
    head = areas.hull(one.mesh, (side, side))
    reach = int(0.5 * np.ptp(one.mesh[:, 0]))
    kept = cv2.dilate(head, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    kept[int(one.mesh[:, 1].max()) :] = 1
    return np.where(kept[..., None] > 0, one.pixels, pattern)


FAULTS: Mapping[str, Spoil] = MappingProxyType(
    {
        "one face": _two,
        "size": _small,
        "face height": _far,
        "yaw": _turned("y", 42, 55),
        "pitch": _turned("x", 30, 40),
        "centred": _aside,
        "sharpness": _blurred,
        "even light": _half_lit,
        "neutral expression": _grinning,
        "open eyes": _sleeping,
        "background": _crowded,
    }
)
"""Name of the rule (`characters.reference.RULES`) that must fail -> what makes it fail."""


def _moved(one: Portrait, wanted: NDArray[float32]) -> Pixels:
    everywhere = np.ones(one.pixels.shape[:2], float32)
    moved = placing.moved(_float(one.pixels), one.mesh, wanted, topology.TRIANGLES, everywhere)
    return np.rint(np.clip(moved, 0, 1) * 255).astype(np.uint8)


def _float(pixels: Pixels) -> NDArray[float32]:
    return (pixels / 255).astype(float32)
