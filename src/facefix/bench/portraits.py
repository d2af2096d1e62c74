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
        laid = placing.place(_float(one.pixels), one.mesh, wanted, topology.TRIANGLES)
        return np.rint(laid.pixels * 255).astype(np.uint8)

    return spoil


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
    wanted = one.mesh.copy()
    for ring in (topology.RIGHT_EYE, topology.LEFT_EYE):
        # Rings run along the lower lid and back along the upper: points 9..15 lie over 7..1.
        for upper, lower in zip(ring[9:], reversed(ring[1:8]), strict=True):
            wanted[upper, 1] += 0.97 * (wanted[lower, 1] - wanted[upper, 1])
    return _moved(one, wanted)


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
