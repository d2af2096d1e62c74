"""Faults other than the bench's: a judge that only knows one injector judges the injector.

Each takes a crop (S, S, 3) uint8 RGB and its mesh (478, 3) in crop pixels and returns the crop spoiled, at a severity that
means what the bench's does: 0.3 visible when looked for, 0.6 at once, 0.9 ruins the shot.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from facefix.faces.mesh import topology
from facefix.repair import placing

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]

WARPED, DRIFTED = 0.15, 0.12
"""95th percentile of the shift in the face at severity 1, in eye distances: what the bench's warps and drifts come to."""
TONED = 9.0
"""Change of the skin's colour in CIE Lab at severity 1, as the bench's."""


def eye_distance(mesh: Floats) -> float:
    """Between the irises, in space: a turned face is not smaller."""
    return float(np.linalg.norm(mesh[468] - mesh[473]))


def warp(crop: Picture, mesh: Floats, severity: float, rng: Generator) -> Picture:
    """A few places pushed, stretched or twirled, or one half dragged along; sometimes the old edge shows through."""
    size, unit = crop.shape[0], eye_distance(mesh)
    field = _halved(size, mesh, rng) if rng.random() < 0.2 else _local(size, mesh, unit, rng)
    field = _scaled(field, mesh, severity * WARPED * unit)
    out = _moved(crop, field)
    if rng.random() < 0.4:
        ghost = _moved(crop, field * float(rng.uniform(-0.6, 0.5)))
        at = mesh[rng.integers(topology.SKIN_POINTS), :2]
        out = _mixed(out, ghost, float(rng.uniform(0.3, 0.6)) * severity * _bump(size, at, 0.35 * unit))
    if rng.random() < 0.5:
        length = np.linalg.norm(field, axis=-1) / (WARPED * unit)
        out = _mixed(out, cv2.GaussianBlur(out, (0, 0), 0.02 * unit + 0.4), np.clip(length, 0, 0.7))
    return out


def drift(crop: Picture, mesh: Floats, other: Floats, severity: float, seed: int) -> Picture:
    """The proportions of someone else's mesh and another tone of skin; the same seed drifts the same way."""
    rng = np.random.default_rng([seed, 21])
    size, unit = crop.shape[0], eye_distance(mesh)
    shape = float(rng.uniform(0.5, 1))
    shift = -placing.guide([other], mesh, topology.TRIANGLES, size)
    # Someone else's smile is no drift: what lips and lids do is mostly left out by smoothing.
    shift = cv2.GaussianBlur(placing.enlarged(shift, size), (0, 0), 0.16 * unit)
    out = _moved(crop, _scaled(shift, mesh, shape * severity * DRIFTED * unit))
    tone = rng.normal(0, [1.0, 0.5, 0.6])
    tone *= np.sqrt(1 - 0.8 * shape**2) * TONED * severity / np.linalg.norm(tone)
    lab = cv2.cvtColor(out.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    toned = cv2.cvtColor((lab + tone * _face(size, mesh)[..., None]).astype(np.float32), cv2.COLOR_LAB2RGB)
    return np.clip(np.rint(toned * 255), 0, 255).astype(np.uint8)


def _local(size: int, mesh: Floats, unit: float, rng: Generator) -> Floats:
    y, x = np.mgrid[:size, :size].astype(np.float32)
    field = np.zeros((size, size, 2), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        at, radius = mesh[rng.integers(topology.SKIN_POINTS), :2], unit * float(rng.uniform(0.15, 0.5))
        offset = np.stack([x - at[0], y - at[1]], -1) / radius
        push = rng.normal(0, 1, 2) + offset @ rng.normal(0, 0.7, (2, 2))
        field += (_bump(size, at, radius)[..., None] * push).astype(np.float32)
    knots = rng.normal(0, 0.25, (8, 8, 2)).astype(np.float32)
    return field + cv2.resize(knots, (size, size), interpolation=cv2.INTER_CUBIC)


def _halved(size: int, mesh: Floats, rng: Generator) -> Floats:
    """One side of the face slides as a whole."""
    top, chin = mesh[10, :2], mesh[152, :2]
    down = (chin - top) / max(float(np.linalg.norm(chin - top)), 1e-6)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    across = (x - mesh[1, 0]) * down[1] - (y - mesh[1, 1]) * down[0]
    side = 1 / (1 + np.exp(-across * rng.choice([-1, 1]) / (0.04 * size)))
    return (side[..., None] * rng.normal(0, 1, 2)).astype(np.float32)


def _scaled(field: Floats, mesh: Floats, wanted_px: float) -> Floats:
    """Faded out around the face, its 95th percentile in the face being `wanted_px`."""
    face = _face(field.shape[0], mesh)
    field = field * face[..., None]
    now = float(np.percentile(np.linalg.norm(field[face > 0.5], axis=-1), 95)) if (face > 0.5).any() else 0.0
    return (field * (wanted_px / max(now, 1e-6))).astype(np.float32)


def _face(size: int, mesh: Floats) -> Floats:
    """(S, S) 1 in the face's outline, falling softly to 0."""
    hull = np.zeros((size, size), np.uint8)
    cv2.fillPoly(hull, [np.rint(mesh[list(topology.OVAL), :2]).astype(np.int32)], 1)
    return cv2.GaussianBlur(hull.astype(np.float32), (0, 0), 0.03 * size).astype(np.float32)


def _bump(size: int, at: Floats, radius: float) -> Floats:
    y, x = np.mgrid[:size, :size].astype(np.float32)
    return np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * radius**2)).astype(np.float32)


def _moved(crop: Picture, field: Floats) -> Picture:
    """What lies at p - field is seen at p."""
    size = crop.shape[0]
    y, x = np.mgrid[:size, :size].astype(np.float32)
    way = cv2.BORDER_REFLECT_101
    return cv2.remap(crop, x - field[..., 0], y - field[..., 1], cv2.INTER_CUBIC, borderMode=way).astype(np.uint8)


def _mixed(below: Picture, above: Picture, weight: Floats) -> Picture:
    mixed = below + weight[..., None] * (above.astype(np.float32) - below)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
