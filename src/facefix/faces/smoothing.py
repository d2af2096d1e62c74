"""Points that move as the head does, without the detector's trembling.

A crop that trembles makes a restored face tremble, so every stage aligns by these points. The filter is zero-phase (a
whole shot is known, so nothing lags) and adaptive: it smooths hard where a face is calm and steps back where it
really moves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.ndimage import gaussian_filter1d, median_filter

from facefix.faces.align import FFHQ_TEMPLATE
from facefix.types import Face, Track

MOTION_S = 0.22
"""Half-width of the filter on place, size and roll where the face is calm: motion slower than about 0.85 Hz passes."""
SHAPE_S = 0.35
"""The same for how the points lie within the face, of which most is the detector's noise."""
BOX_S = 0.35
FILLED_WEIGHT = 0.05
"""Weight of a face that was not seen but filled in; the other weights are 1."""
TOLERANCE = 1.0
"""Deviation, in standard deviations of the noise, that the filter may make before it narrows."""
NARROWEST = 0.12
"""Least width of the filter, as a share of its full width."""

_CENTRED = (FFHQ_TEMPLATE - FFHQ_TEMPLATE.mean(0)) @ [1, 1j]
_UNIT = _CENTRED / np.linalg.norm(_CENTRED)


def smooth(track: Track, rate: float) -> Track:
    """The same track with smoothed points and boxes; frames, scores, meshes and identities stay.

    rate: about how many frames a second has. The points are taken apart into the similarity that carries the template
    onto them (place, log-size, angle) and what is left (shape), each is filtered over time, and they are put together
    again.
    """
    faces = track.faces
    if len(faces) < 3:
        return track
    weights = np.where([face.score > 0 for face in faces], 1.0, FILLED_WEIGHT)
    points = np.stack([face.points for face in faces]).astype(np.float64) @ [1, 1j]
    boxes = np.stack([face.box for face in faces]).astype(np.float64)
    place = points.mean(1)
    turn = (points - place[:, None]) @ _UNIT.conj()
    turn = np.where(np.abs(turn) > 1e-6, turn, 1e-6)
    unit_px = float(np.median(np.abs(turn)))
    shape = (points - place[:, None]) / turn[:, None]
    corners = (boxes.reshape(-1, 2, 2) @ [1, 1j] - place[:, None]) / np.abs(turn)[:, None]

    motion = np.stack([place.real / unit_px, place.imag / unit_px, np.log(np.abs(turn)), np.unwrap(np.angle(turn))], 1)
    motion = filter_columns(motion, weights, MOTION_S * rate)
    shape = _complex(filter_columns(_real(shape), weights, SHAPE_S * rate))
    corners = _complex(filter_columns(_real(corners), weights, BOX_S * rate))

    place = (motion[:, 0] + 1j * motion[:, 1]) * unit_px
    turn = np.exp(motion[:, 2] + 1j * motion[:, 3])
    points = _real(shape * turn[:, None] + place[:, None]).reshape(-1, 5, 2).astype(np.float32)
    boxes = _real(corners * np.abs(turn)[:, None] + place[:, None]).astype(np.float32)
    return replace(track, faces=tuple(_moved(f, b, p) for f, b, p in zip(faces, boxes, points, strict=True)))


def filter_columns(values: NDArray[np.float64], weights: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Each column of (T, K) filtered over time; sigma in frames is that of the Gaussian with the same cut-off.

    First with the full width. Where the result then stays away from the values for several frames, by more than their
    noise, the face really moved, and the second pass is narrower there. A single frame far off does not count as
    motion.
    """
    return np.stack([_filter_column(column, weights, sigma) for column in values.T], 1)


def _filter_column(values: NDArray[np.float64], weights: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    wide = whittaker(values, weights, np.full(len(values), sigma))
    # Third differences hold hardly any motion; those of white noise have variance 20.
    rough = np.diff(values, 3)
    noise = 1.4826 * float(np.median(np.abs(rough))) / np.sqrt(20) if len(rough) else 0.0
    if len(values) < 5 or noise < 1e-9:
        return whittaker(values, weights, np.full(len(values), sigma * NARROWEST))
    width = max(3, 2 * round(sigma / 3) + 1)
    away = median_filter(values - wide, size=width, mode="nearest")
    away = np.sqrt(gaussian_filter1d(away**2, max(1.0, sigma / 2), mode="nearest"))
    # The median of `width` values of white noise strays by this much on its own.
    expected = noise * np.sqrt(np.pi / 2 / width)
    excess = np.clip(away / (TOLERANCE * expected) - 1, 0, None)
    return whittaker(values, weights, sigma * np.clip(1 / (1 + excess), NARROWEST, 1))


def whittaker(
    values: NDArray[np.float64], weights: NDArray[np.float64], sigma: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Least sum of weighted squared deviations plus squared second differences (Whittaker 1923; Eilers 2003).

    values, weights, sigma: (T,). The penalty of each frame is set so that the gain falls to one half at the same
    frequency as for a Gaussian of `sigma` frames. Straight lines pass unchanged, at the ends as well.
    """
    count = len(values)
    if count < 3:
        return values.copy()
    penalty = (sigma[1:-1] / 1.1774) ** 4
    # Upper diagonals of W + D' P D, where a row of D is (1, -2, 1).
    bands = np.zeros((3, count))
    bands[2] = weights
    bands[2, :-2] += penalty
    bands[2, 1:-1] += 4 * penalty
    bands[2, 2:] += penalty
    bands[1, 1:-1] -= 2 * penalty
    bands[1, 2:] -= 2 * penalty
    bands[0, 2:] = penalty
    return solveh_banded(bands, weights * values)


def _real(values: NDArray[np.complex128]) -> NDArray[np.float64]:
    """(T, K) complex to (T, 2 K): x, y of each in turn."""
    return np.stack([values.real, values.imag], -1).reshape(len(values), -1)


def _complex(values: NDArray[np.float64]) -> NDArray[np.complex128]:
    return values[:, 0::2] + 1j * values[:, 1::2]


def _moved(face: Face, box: NDArray[np.float32], points: NDArray[np.float32]) -> Face:
    return replace(face, box=box, points=points)
