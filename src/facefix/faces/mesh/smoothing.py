"""Meshes of a track without the network's trembling, and without its blinks and lips flattened.

The head's motion in the picture (place, size, roll) is filtered apart from the face's shape, and the shape part by part:
lids blink while the forehead rests. Each part is filtered, zero-phase, only as widely as its own noise explains (see
`faces.smoothing.adapt`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facefix.faces.mesh import topology
from facefix.faces.smoothing import adapt, noise

SURE = 0.5
"""Frames whose face is less sure than this share of the track's median count little."""
UNSURE_WEIGHT = 0.1
MOVEMENTS = 6
"""Principal movements of a part that are filtered each by itself."""

Floats = NDArray[np.float64]


def smooth(meshes: NDArray[np.float32], confidence: NDArray[np.float32], rate: float) -> NDArray[np.float32]:
    """(T, 478, 3) meshes of consecutive frames, source pixels, smoothed; confidence (T, 478); rate in frames a second."""
    if len(meshes) < 4:
        return meshes.copy()
    scores = confidence.mean(1).astype(np.float64)
    weights = np.where(scores >= SURE * np.median(scores), 1.0, UNSURE_WEIGHT)
    place, turn, shape = _apart(meshes.astype(np.float64))
    unit = float(np.median(np.abs(turn)))
    motion = np.stack([place.real / unit, place.imag / unit, np.log(np.abs(turn)), np.unwrap(np.angle(turn))], 1)
    # Heads shake from frame to frame and stiff skin does not: what it trembles by is noise, and the place has no more.
    tremble = noise(shape[:, list(PARTS[-1])].reshape(len(shape), -1))
    for columns in ([0, 1], [2], [3]):
        motion[:, columns] = adapt(motion[:, columns], weights, rate, tremble)
    for part in PARTS:
        values = shape[:, list(part)].reshape(len(shape), -1)
        shape[:, list(part)] = _smooth_part(values, weights, rate).reshape(len(shape), -1, 3)
    place, turn = (motion[:, 0] + 1j * motion[:, 1]) * unit, np.exp(motion[:, 2] + 1j * motion[:, 3])
    return _together(place, turn, shape).astype(np.float32)


def _smooth_part(values: Floats, weights: Floats, rate: float) -> Floats:
    """(T, K) coordinates of a part, filtered one principal movement after another.

    A blink is one movement of a few of the points: in the mean over all coordinates it would drown, and be flattened.
    """
    mean = np.median(values, 0)
    u, strength, axes = np.linalg.svd(values - mean, full_matrices=False)
    movements = u * strength
    rest = movements[:, MOVEMENTS:]
    # Speech is as fast as noise is: the minor movements, which speech hardly shares, tell how much of it is noise.
    tremble = noise(movements[:, MOVEMENTS : 3 * MOVEMENTS]) if rest.size else np.inf
    for k in range(min(MOVEMENTS, movements.shape[1])):
        own = movements[:, [k]]
        movements[:, [k]] = adapt(own, weights, rate, min(tremble, noise(own)))
    if rest.size:
        movements[:, MOVEMENTS:] = adapt(rest, weights, rate, noise(rest))
    return mean + movements @ axes


def _apart(meshes: Floats) -> tuple[NDArray[np.complex128], NDArray[np.complex128], Floats]:
    """Place (T,), size and roll (T,) as complex numbers by the rigid points, and what is left (T, 478, 3)."""
    flat = meshes[..., 0] + 1j * meshes[..., 1]
    rigid = flat[:, list(topology.RIGID)]
    place = rigid.mean(1)
    first = rigid[0] - place[0]
    unit = first / np.linalg.norm(first)
    turn = (rigid - place[:, None]) @ unit.conj()
    local = (flat - place[:, None]) / turn[:, None]
    return place, turn, np.stack([local.real, local.imag, meshes[..., 2] / np.abs(turn)[:, None]], -1)


def _together(place: NDArray[np.complex128], turn: NDArray[np.complex128], shape: Floats) -> Floats:
    flat = (shape[..., 0] + 1j * shape[..., 1]) * turn[:, None] + place[:, None]
    return np.stack([flat.real, flat.imag, shape[..., 2] * np.abs(turn)[:, None]], -1)


def _parts() -> tuple[tuple[int, ...], ...]:
    """Points that move together, the stiff rest of the face last. Lids and lips take the skin next to them along."""
    near: dict[int, set[int]] = {}
    for triangle in topology.TRIANGLES.tolist():
        for point in triangle:
            near.setdefault(point, set()).update(triangle)
    taken: set[int] = set()
    parts: list[tuple[int, ...]] = [topology.RIGHT_IRIS, topology.LEFT_IRIS]
    for ring in (topology.RIGHT_EYE, topology.LEFT_EYE, topology.LIPS, topology.RIGHT_BROW, topology.LEFT_BROW):
        part = {n for point in ring for n in near[point]} - taken
        taken |= part
        parts.append(tuple(sorted(part)))
    parts.append(tuple(i for i in range(topology.SKIN_POINTS) if i not in taken))
    return tuple(parts)


PARTS = _parts()
