"""Fine detail: the restorer's high frequencies over the input's low ones, and pore-scale texture like the clip's own.

Scales are in shares of the crop's side, so that they mean the same part of a face at any side. Bands are
differences of Gaussians; texture is described by the energy of each band over a grid, as pores and grain are
noise-like: their energy is a property of the person and the light, their exact pixels are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair.scaling import threefold

SPLIT_SIDE_SHARE = 0.02
"""Sigma of the split between the input's part and the restorer's: about a fifth of an eye's width."""
GRID = 8
"""Texture is measured on GRID x GRID cells of the crop."""
_BAND_SIGMAS = (0.0008, 0.0016, 0.0032, 0.0064)
"""Edges of the texture bands, shares of the side: 0.4, 0.8, 1.6 and 3.3 px of a 512 px crop."""
_MOST_GAIN = 2.0
"""Most that a band's own detail is amplified; beyond that noise is added instead of sharpening what is not there."""


@dataclass(frozen=True, slots=True, eq=False)
class TextureStats:
    """How rough a face is, by band and place."""

    energy: NDArray[float32]
    """(bands, GRID, GRID) mean square of the luma in each band, finest first; (0..1 luma)**2."""


def moderate(
    crop: NDArray[float32], restored: NDArray[float32], strength: float, *, split: float = SPLIT_SIDE_SHARE
) -> NDArray[float32]:
    """The residual (S, S, 3) that gives the input the restorer's detail and keeps its own light, colour and shape.

    crop, restored: (S, S, 3) RGB 0..1. strength: 0..1. Frequencies below the split (sigma in shares of the side) come
    from the input alone. The restorer's colour is not taken either: its detail is grey, as skin's is.
    """
    difference = restored - crop
    grey = cv2.cvtColor(difference, cv2.COLOR_RGB2GRAY)
    detail = grey - _blur(np.asarray(grey, np.float32), split * crop.shape[0])
    return threefold(np.float32(strength) * detail)


def texture_stats(crop: NDArray[float32]) -> TextureStats:
    """Measure the texture of a crop (S, S, 3) RGB 0..1; edges of features are left out as far as they stand out."""
    return TextureStats(np.stack([_energy(band) for band in _bands(_luma(crop))]))


def usual_texture(crops: Sequence[NDArray[float32]]) -> TextureStats | None:
    """The texture of several crops (S, S, 3) of one track: the median of each band and cell. None without crops."""
    if not crops:
        return None
    return TextureStats(np.median(np.stack([texture_stats(crop).energy for crop in crops]), axis=0).astype(np.float32))


def as_small(crop: NDArray[float32], source_px: float) -> NDArray[float32]:
    """A crop (S, S, 3) as it would be had its source spanned no more than so many pixels of the S; of the same size."""
    side, small = crop.shape[0], round(source_px)
    if small >= side:
        return crop
    shrunk = cv2.resize(crop, (small, small), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)


def regrain(
    crop: NDArray[float32], reference: TextureStats, strength: float, *, noise: NDArray[float32] | None = None
) -> NDArray[float32]:
    """The residual (S, S, 3) that brings a crop's fine texture up to the reference's, band by band; never down.

    crop: (S, S, 3) RGB 0..1. strength: 0..1, the share of the missing amplitude put back. Detail the crop still has is
    amplified, at most by 2 and without its edges, so that nothing rings; what is still missing comes from
    `noise` (S, S), unit variance, as `grain` makes it: pass noise that moves with the face.
    """
    luma = _luma(crop)
    side = luma.shape[0]
    grainy = _usual_grain(side) if noise is None else _grainy(noise)
    residual = np.zeros_like(luma)
    for band, (noise_band, power), wanted in zip(_bands(luma), grainy, reference.energy, strict=True):
        have = _energy(band)
        gain = np.clip(np.sqrt(wanted / np.maximum(have, 1e-9)), 1, _MOST_GAIN)
        missing = np.sqrt(np.maximum(wanted - have * gain**2, 0) / np.maximum(power, 1e-12))
        tame = _edgeless(band, have)
        residual += _spread(gain - 1, side) * tame * band + _spread(missing, side) * tame * noise_band
    # Film and sensor noise vanish in black and in clipped white, and so does skin's texture.
    residual *= np.clip(10 * luma * (1.02 - luma), 0, 1)
    return threefold(np.float32(strength) * residual)


def grain(side: int, seed: int) -> NDArray[float32]:
    """(side, side) white noise of unit variance; the same seed gives the same grain."""
    return np.random.default_rng(seed).standard_normal((side, side), dtype=np.float32)


@lru_cache(maxsize=2)
def _usual_grain(side: int) -> list[tuple[NDArray[float32], float]]:
    """What `regrain` adds where it is given no noise: made once for each side that crops have."""
    return _grainy(grain(side, seed=0))


def _grainy(noise: NDArray[float32]) -> list[tuple[NDArray[float32], float]]:
    """The bands of noise, and the mean square of each."""
    return [(band, float((band**2).mean())) for band in _bands(noise)]


def _luma(crop: NDArray[float32]) -> NDArray[float32]:
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.float32)


def _blur(picture: NDArray[float32], sigma_px: float) -> NDArray[float32]:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), max(sigma_px, 0.1)), np.float32)


def _bands(luma: NDArray[float32]) -> list[NDArray[float32]]:
    blurred = [luma, *(_blur(luma, sigma * luma.shape[0]) for sigma in _BAND_SIGMAS)]
    return [fine - coarse for fine, coarse in pairwise(blurred)]


def _energy(band: NDArray[float32]) -> NDArray[float32]:
    """(GRID, GRID) energy of the noise-like part: the square of the median magnitude, as edges are few but large."""
    side = band.shape[0] // GRID * GRID
    size = np.abs(band[:side, :side])
    cells = size.reshape(GRID, side // GRID, GRID, side // GRID).swapaxes(1, 2).reshape(GRID, GRID, -1)
    return np.square(1.4826 * _medians(cells)).astype(np.float32)


def _medians(cells: NDArray[float32]) -> NDArray[float32]:
    """(GRID, GRID) medians of (GRID, GRID, N), whose order it changes; `np.median` takes seven times as long."""
    middle = cells.shape[2] // 2
    cells.partition(middle, axis=2)
    upper = cells[..., middle]
    return upper if cells.shape[2] % 2 else (upper + cells[..., :middle].max(2)) / 2


def _edgeless(band: NDArray[float32], energy: NDArray[float32]) -> NDArray[float32]:
    """(S, S) 1 on texture, falling to 0 where the band is far above its cell's level: an edge."""
    level = np.sqrt(_spread(energy, band.shape[0])) + 1 / 255
    local = cv2.GaussianBlur(np.abs(band), (0, 0), max(1.0, 0.004 * band.shape[0]))
    return (1 / (1 + np.square(local / (3 * level)))).astype(np.float32)


def _spread(cells: NDArray[float32], side: int) -> NDArray[float32]:
    return cv2.resize(np.asarray(cells, np.float32), (side, side), interpolation=cv2.INTER_CUBIC).clip(0, None)
