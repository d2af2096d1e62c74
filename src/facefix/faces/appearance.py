"""What a face is compared by between clips, beside its look: named proportions, and its skin as white light shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from facefix.types import Pixels

Floats = NDArray[np.float32]

EYES = "eyes"
"""Signal: `eye_opening`."""

_LENGTHS: Mapping[str, tuple[tuple[int, int], ...]] = MappingProxyType(
    {
        "nose width": ((48, 278), (64, 294)),
        "nose length": ((168, 2), (168, 4)),
        "eye spacing": ((133, 362),),
        "eye width": ((33, 133), (362, 263)),
        "brow height": ((105, 159), (334, 386)),
        "cheek width": ((234, 454), (93, 323)),
        "jaw width": ((172, 397), (58, 288), (136, 365)),
        "chin length": ((17, 152),),
        "mouth width": ((61, 291),),
        "lip distance": ((2, 0),),
        "face length": ((10, 152),),
    }
)
"""Pairs of mesh points whose mean distance a proportion is."""
PROPORTIONS = tuple(_LENGTHS)

_EYES, _LIDS = ((33, 133), (362, 263)), ((159, 145), (386, 374))
"""Corners, and middles of the lids, of the right and left eye."""
_PICTURE_PX = 160
"""Longer side of the picture that light is read from."""
_MINKOWSKI = 6
"""Finlayson and Trezzi, "Shades of gray and colour constancy" (2004)."""
_GREY = 0.18
"""Brightness that light is set to when it is taken out of the skin."""
_CLIPPED, _DARK = 0.98, 0.02
_LEAST_PIXELS = 40


def proportions(canonical: Floats) -> Floats:
    """(len(PROPORTIONS),) lengths in outer eye corner distances. canonical: (478, 3), as `Look.shape`."""
    return np.array(
        [np.mean([np.linalg.norm(canonical[a] - canonical[b]) for a, b in pairs]) for pairs in _LENGTHS.values()], np.float32
    )


def eye_opening(meshes: Floats) -> Floats:
    """(...,) gap between the lids as a share of the eye's width, the wider eye of both. meshes: (..., 478, 3)."""

    def length(pair: tuple[int, int]) -> Floats:
        return np.linalg.norm(meshes[..., pair[0], :] - meshes[..., pair[1], :], axis=-1)

    return np.maximum(length(_LIDS[0]) / length(_EYES[0]), length(_LIDS[1]) / length(_EYES[1])).astype(np.float32)


def light(rgb: Pixels, boxes: Sequence[Floats]) -> Floats:
    """(3,) linear RGB 0..1 of the light a picture is taken in, as far as its pixels outside the faces tell.

    rgb: (H, W, 3) uint8 or uint16. boxes: (4,) x0, y0, x1, y1 of all faces. The sixth-power mean of unclipped pixels.
    """
    share = min(1.0, _PICTURE_PX / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * share)), max(1, round(rgb.shape[0] * share)))
    small = _decoded(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) / np.iinfo(rgb.dtype).max)
    outside = (small.max(-1) < _CLIPPED) & (small.max(-1) > _DARK)
    for x0, y0, x1, y1 in (np.asarray(box) * share for box in boxes):
        outside[max(0, int(y0)) : max(0, int(y1) + 1), max(0, int(x0)) : max(0, int(x1) + 1)] = False
    pixels = small[outside] if outside.sum() >= _LEAST_PIXELS else small.reshape(-1, 3)
    return np.power(np.mean(np.power(pixels, _MINKOWSKI, dtype=np.float64), axis=0), 1 / _MINKOWSKI).astype(np.float32)


def in_white(tone: Floats, lit_by: Floats) -> Floats:
    """(3,) CIE Lab of a surface as it would be in white light of a set brightness (von Kries, in linear RGB).

    tone: (3,) Lab as seen, NaN where unknown. lit_by: (3,) as `light`.
    """
    if not np.isfinite(tone).all():
        return np.full(3, np.nan, np.float32)
    seen = _decoded(cv2.cvtColor(np.asarray(tone, np.float32).reshape(1, 1, 3), cv2.COLOR_LAB2RGB))
    return lab(np.clip(seen.reshape(3) * _GREY / np.maximum(lit_by, _DARK), 0, 1))


def lab(light: ArrayLike) -> Floats:
    """(3,) CIE Lab, white D65, of (3,) linear RGB 0..1."""
    encoded = _encoded(np.asarray(light, np.float32)).reshape(1, 1, 3)
    return np.asarray(cv2.cvtColor(encoded, cv2.COLOR_RGB2LAB), np.float32).reshape(3)


def _decoded(encoded: ArrayLike) -> Floats:
    """Light of sRGB-encoded values (IEC 61966-2-1), 0..1 both."""
    values = np.clip(np.asarray(encoded, np.float32), 0, 1)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _encoded(light: Floats) -> Floats:
    """sRGB-encoded values of light, 0..1 both."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.power(light, 1 / 2.4) - 0.055).astype(np.float32)
