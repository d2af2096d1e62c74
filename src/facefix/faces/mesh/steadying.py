"""A head that shakes with its face's flicker is held still, as far as it can be told from a head that moves.

What boils lands a little elsewhere in every frame, and taken over the whole face that is a shake of the head: it shifts, turns
and grows by half a percent of the eye distance. `straightening` knows how heads move in general, and lets most of it pass. Here
each of these four numbers is looked at by itself, in the frames of the finding: a frame's distance from the mean of those
before and behind it is the same one and two frames away if it is noise, and many times as large two frames away if it is
movement; and in sound frames it is less. Only where both say that it is nearly all noise the path is smoothed, as it bends.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from facefix.types import Span

Floats = NDArray[np.float64]

_MOST = 0.005
"""Largest shake, standard deviation in eye distances at severity `_AT`: what injected flicker of that severity does."""
_AT = 0.6
_MEMORY = 0.35
"""Correlation of the shake in two frames one after the other."""
_MOVING = 2.0**1.2
"""Growth of that distance from one frame to two from which on it is all movement; noise's is 1.9."""
_LAGS = (1, 2, 4)
_NOISY = tuple(1.5 - 2 * m + 0.5 * n for m, n in ((_MEMORY, 0.0), (0.0, 0.0), (0.0, 0.0)))
"""Squared distance from the mean of two others at each lag, in variances of the shake."""
_WIDTHS = np.arange(0.3, 4.0, 0.1)
"""Standard deviations, frames, of the smoothing that are tried."""
_SOFT_FRAMES = 1.5
"""How softly smoothing begins and ends with the finding."""
_FEW = 6
"""Frames below which nothing is told apart."""
_USUAL = 2.0
"""So many times the variance of the jumps in sound frames is yet the head's own."""
_NONE = 1e-8
"""Variance of a shake that nobody sees."""
_OUTER_CORNERS = (33, 263)


def steadied(meshes: NDArray[np.float32], span: Span, sound: NDArray[np.bool_], severity: float) -> NDArray[np.float32]:
    """(T, 478, 3) the meshes of consecutive frames, pixels of the picture, without the shake in the frames of `span`.

    span: counted from the first mesh. sound: (T,) frames without any fault; where there are hardly any, nothing is changed.
    severity: 0..1 of the flicker. Shapes stay as they are.
    """
    inside = np.arange(max(0, span.start), min(len(meshes), span.end))
    calm = _calm(sound)
    if len(inside) < _FEW or len(calm) < _FEW:
        return meshes
    places = meshes[..., :2].astype(np.float64) @ [1, 1j]
    middle = places.mean(1)
    usual = np.median(places.real, 0) + 1j * np.median(places.imag, 0)
    usual -= usual.mean()
    unit = float(np.abs(usual[_OUTER_CORNERS[0]] - usual[_OUTER_CORNERS[1]]))
    size = float(np.sqrt(np.square(np.abs(usual)).mean()))
    held = np.log(((places - middle[:, None]) * usual.conj()).sum(1) / np.square(np.abs(usual)).sum())
    paths = np.stack([middle.real, middle.imag, held.real * size, np.unwrap(held.imag) * size], 1) / unit
    most = (_MOST * severity / _AT) ** 2
    soft = np.zeros(len(meshes))
    soft[inside] = 1
    soft = gaussian_filter1d(soft, _SOFT_FRAMES) * soft
    change = np.stack([soft * (_smoothed(column, inside, calm, most) - column) for column in paths.T], 1)
    if not change.any():
        return meshes
    factor = np.exp((change[:, 2] + 1j * change[:, 3]) * unit / size)
    out = meshes.astype(np.float64)
    laid = (places - middle[:, None]) * factor[:, None] + (middle + (change[:, 0] + 1j * change[:, 1]) * unit)[:, None]
    out[..., 0], out[..., 1] = laid.real, laid.imag
    out[..., 2] *= np.abs(factor)[:, None]
    out[soft == 0] = meshes[soft == 0]
    return out.astype(np.float32)


def shaking(meshes: NDArray[np.float32], span: Span, sound: NDArray[np.bool_], severity: float) -> float:
    """0..1: how far features boil in the frames of a flicker, and not only their light; 1 where nothing tells.

    meshes: (T, 478, 3). span: frames of the flicker. sound: (T,) frames without any fault. Shapes jump in either by their own
    measure: by what they differ from the mean of those before and behind. What the flicker adds to that is compared with what
    flicker of its severity adds where features boil.
    """
    places = meshes[..., :2].astype(np.float64) @ [1, 1j]
    places -= places.mean(1, keepdims=True)
    usual = np.median(places.real, 0) + 1j * np.median(places.imag, 0)
    unit = float(np.abs(usual[_OUTER_CORNERS[0]] - usual[_OUTER_CORNERS[1]]))
    turn = (places * usual.conj()).sum(1, keepdims=True) / np.square(np.abs(usual)).sum()
    shapes = places / turn / unit
    jumps = np.square(np.abs(shapes[1:-1] - 0.5 * (shapes[2:] + shapes[:-2]))).mean(1)
    at = np.arange(1, len(meshes) - 1)
    inside = (at >= span.start) & (at < span.end)
    calm = _calm(sound) - 1
    if len(calm) < _FEW or not inside.any():
        return 1.0
    added = float(np.median(jumps[inside]) - np.median(jumps[calm]))
    return float(np.clip(added / (_MOST * severity / _AT) ** 2, 0, 1))


def _calm(sound: NDArray[np.bool_]) -> NDArray[np.int_]:
    """The sound frames between sound frames."""
    return np.flatnonzero(sound[:-2] & sound[1:-1] & sound[2:]) + 1


def _smoothed(path: Floats, inside: NDArray[np.int_], calm: NDArray[np.int_], most: float) -> Floats:
    """(T,) the path, smoothed as is best for the frames inside if its noise has at most that variance."""
    near, far, further = (_unlike(path, inside, lag) for lag in _LAGS)
    new = (_MOVING * near - far) / (_MOVING * _NOISY[0] - _NOISY[1])
    # Some heads are shaken without any fault, and more so now than then.
    noise = min(most, new, (near - _USUAL * _unlike(path, calm, 1)) / _NOISY[0])
    if noise < _NONE:
        return path
    # A parabola is off by its curvature times the squared lag.
    bend = max(0.0, (far - _NOISY[1] * noise) / _LAGS[1] ** 4, (further - _NOISY[2] * noise) / _LAGS[2] ** 4)
    best = min(_WIDTHS, key=lambda width: _risk(width, noise, bend))
    return gaussian_filter1d(path, best) if _risk(best, noise, bend) < noise else path


def _unlike(path: Floats, inside: NDArray[np.int_], lag: int) -> float:
    """Mean square of what frames inside differ from the mean of those `lag` before and behind."""
    at = inside[(inside >= lag) & (inside < len(path) - lag)]
    return float(np.square(path[at] - 0.5 * (path[at - lag] + path[at + lag])).mean()) if len(at) else 0.0


def _risk(width: float, noise: float, bend: float) -> float:
    """Expected squared error of a Gaussian mean of that width: what is left of the noise, and what it cuts off."""
    at = np.arange(-12, 13)
    weights = np.exp(-0.5 * (at / width) ** 2)
    weights /= weights.sum()
    left = np.square(weights).sum() + 2 * _MEMORY * (weights[1:] * weights[:-1]).sum()
    return float(noise * left + bend * np.square((weights * at * at).sum()))
