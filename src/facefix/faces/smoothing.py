"""Points that move as the head does, without the detector's trembling.

A crop that trembles makes a restored face tremble, so every stage aligns by these points. The filter is zero-phase (a
whole shot is known, so nothing lags) and goes no farther from the detections than their noise explains. That noise is read
off the *shape*, how the five points lie to one another: heads shake, bounce and stutter from frame to frame, faces do not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.ndimage import gaussian_filter1d

from facefix.faces.align import FFHQ_TEMPLATE
from facefix.types import Face, Track

WIDEST_S = 0.3
"""Greatest half-width of the filter, where a face is calm: motion slower than about 0.6 Hz passes even that."""
NARROWEST_FRAMES = 0.25
"""Least half-width: hardly a filter. A hand-held camera, or a clip that stutters, moves a face at random."""
WIDTHS = 8
"""Half-widths tried between the two."""
JUDGED_S = 0.15
"""Half-width of the stretch of time over which a filter is judged."""
TOLERANCE = 0.5
"""Share of the noise that a filter may leave the detections by, beyond the noise itself, before a narrower one is taken."""
PLACE_NOISE, TURN_NOISE = 2.2, 4.5
"""Noise of place (in units of the template's spread), and of log-size and roll, over that of the shape: what remained, on
14 clips of 27 to 430 px faces, of the motion that a 478-point mesh saw too (2.0 to 4.5 and 3.1 to 8.2)."""
FILLED_WEIGHT = 0.05
"""Weight of a face that was not seen but filled in; the other weights are 1."""

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
    points = _planar(np.stack([face.points for face in faces]))
    boxes = np.stack([face.box for face in faces]).astype(np.float64)
    place = points.mean(1)
    turn = (points - place[:, None]) @ _UNIT.conj()
    turn = np.where(np.abs(turn) > 1e-6, turn, 1e-6)
    unit_px = float(np.median(np.abs(turn)))
    shape = (points - place[:, None]) / turn[:, None]
    corners = (_planar(boxes.reshape(-1, 2, 2)) - place[:, None]) / np.abs(turn)[:, None]

    wobble = noise(_real(shape))
    place = _complex(adapt(_real(place[:, None]) / unit_px, weights, rate, PLACE_NOISE * wobble))[:, 0] * unit_px
    size = adapt(np.log(np.abs(turn))[:, None], weights, rate, TURN_NOISE * wobble)[:, 0]
    angle = adapt(np.unwrap(np.angle(turn))[:, None], weights, rate, TURN_NOISE * wobble)[:, 0]
    shape = _complex(adapt(_real(shape), weights, rate, wobble))
    corners = _complex(adapt(_real(corners), weights, rate, noise(_real(corners))))

    turn = np.exp(size + 1j * angle)
    points = _real(shape * turn[:, None] + place[:, None]).reshape(-1, 5, 2).astype(np.float32)
    boxes = _real(corners * np.abs(turn)[:, None] + place[:, None]).astype(np.float32)
    return replace(track, faces=tuple(_moved(f, b, p) for f, b, p in zip(faces, boxes, points, strict=True)))


def noise(values: NDArray[np.float64]) -> float:
    """Standard deviation of what changes at random from row to row of (T, K), from third differences.

    Those hold hardly any slow motion; of white noise they have variance 20.
    """
    return 1.4826 * float(np.median(np.abs(np.diff(values, 3, axis=0)))) / np.sqrt(20) if len(values) > 3 else 0.0


def adapt(values: NDArray[np.float64], weights: NDArray[np.float64], rate: float, tremble: float) -> NDArray[np.float64]:
    """(T, K) values filtered over time, all columns alike, at every moment as widely as their noise allows.

    tremble: standard deviation of the noise; where the values' own `noise` is less, that counts. Of several widths the
    widest is taken that stays as near to the values, over a short stretch of time, as noise of that strength would keep
    it; farther away, it would flatten real motion.
    """
    tremble = max(min(tremble, noise(values)), 1e-9)
    widths = np.geomspace(max(WIDEST_S * rate, 2 * NARROWEST_FRAMES), NARROWEST_FRAMES, WIDTHS)
    judged = max(1.0, JUDGED_S * rate)
    seen = (weights >= 1).astype(np.float64)
    amount = np.maximum(gaussian_filter1d(seen, judged, mode="nearest"), 1e-6)
    left, log_width = np.ones(len(values)), np.zeros(len(values))
    for width in widths:
        smoothed = whittaker(values, weights, np.full(len(values), width))
        # The mean of |x| is sqrt(2 / pi) standard deviations; one frame far off counts less than in a mean of squares.
        away = np.abs(values - smoothed).mean(1) / np.sqrt(2 / np.pi) * seen
        excess = np.clip(gaussian_filter1d(away, judged, mode="nearest") / amount / tremble - 1, 0, None)
        share = left * np.exp(-((excess / TOLERANCE) ** 2))
        log_width += share * np.log(width)
        left -= share
    chosen = np.exp(log_width + left * np.log(NARROWEST_FRAMES))
    return whittaker(values, weights, chosen)


def whittaker(values: NDArray[np.float64], weights: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least sum of weighted squared deviations plus squared second differences (Whittaker 1923; Eilers 2003).

    values: (T,) or (T, K), each column by itself. weights, sigma: (T,). The penalty of each frame is set so that the gain
    falls to one half at the same frequency as for a Gaussian of `sigma` frames. Straight lines pass unchanged, at the ends
    as well.
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
    return solveh_banded(bands, (weights * values.T).T)


def _planar(places: NDArray[np.floating]) -> NDArray[np.complex128]:
    """(..., 2) x, y as x + iy."""
    return np.asarray(places[..., 0] + 1j * places[..., 1], np.complex128)


def _real(values: NDArray[np.complex128]) -> NDArray[np.float64]:
    """(T, K) complex to (T, 2 K): x, y of each in turn."""
    return np.stack([values.real, values.imag], -1).reshape(len(values), -1)


def _complex(values: NDArray[np.float64]) -> NDArray[np.complex128]:
    return values[:, 0::2] + 1j * values[:, 1::2]


def _moved(face: Face, box: NDArray[np.float32], points: NDArray[np.float32]) -> Face:
    return replace(face, box=box, points=points)
