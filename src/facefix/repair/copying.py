"""Fine detail copied from a sound frame onto a face that was rebuilt.

What is rebuilt is a mean of several anchors and several frames, each laid on it half a pixel off: freckles, lashes and pores
are averaged away. One anchor alone has them. Optical flow (DIS; Kroeger et al. 2016) lays it exactly where the rebuilt face
shows the same, and where both look alike on a coarser scale its detail is taken in the place of the face's own.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair.scaling import threefold
from facefix.types import Placed

Floats = NDArray[float32]

_DETAIL = 0.006
"""Sigma, as a share of the crop's side, below which detail is copied: 3 px of 512. With 0.004 freckles stay away, with 0.008
what is copied lies a little wrong more often than it helps (squared error of six warps)."""
_COARSER = 4.0
"""Both are compared between that and so many times as much."""
_CONTRAST, _CONTRAST_REACH = 400.0, 0.02
"""What flow sees: a crop without its light (sigma as a share of the side), in levels of 8 bits."""
_FURTHEST, _SMOOTH = 0.012, 0.006
"""Shares of the side: further off an anchor is not laid by a mesh, and more finely its error does not change."""
_ALIKE = 0.4, 0.8
"""Correlation from which on detail is copied, and in full."""
_COVERED = 0.5, 0.9
"""Of the anchor's skin: what it sees too obliquely is no detail."""
_WEAKER, _STRONGER = 0.6, 1.3
"""How much its contrast may be changed, for the light is another."""
_VISIBLE = (2 / 255) ** 2


def copied(pixels: Floats, anchor: Placed) -> Floats:
    """(S, S, 3) what is to be added to a rebuilt crop (S, S, 3), RGB 0..1, to give it the anchor's fine detail.

    anchor: of the same person, laid on the crop by the mesh. Places where it shows something else get nothing.
    """
    side = pixels.shape[0]
    sigma = _DETAIL * side
    laid, coverage = _laid(pixels, anchor)
    mine, theirs = (_between(_grey(x), sigma) for x in (pixels, laid))
    reach = _COARSER * sigma
    both, own, other = (_blur(x, reach) + np.float32(_VISIBLE) for x in (mine * theirs, mine * mine, theirs * theirs))
    share = _ramp(both / np.sqrt(own * other), *_ALIKE) * _ramp(coverage, *_COVERED)
    gain = np.clip(np.sqrt(own / other), _WEAKER, _STRONGER)
    detail = threefold(gain) * (laid - _blur(laid, sigma)) - (pixels - _blur(pixels, sigma))
    return np.asarray(threefold(_blur(share, sigma)) * detail, float32)


def _laid(pixels: Floats, anchor: Placed) -> tuple[Floats, Floats]:
    """The anchor's pixels and coverage where the crop shows the same."""
    side = pixels.shape[0]
    seen = [_levels(_grey(x), _CONTRAST_REACH * side) for x in (pixels, anchor.pixels)]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    shift = _blur(np.asarray(flow.calc(*seen, None), float32), _SMOOTH * side)  # pyright: ignore
    length = np.linalg.norm(shift, axis=-1, keepdims=True)
    shift *= np.minimum(1, _FURTHEST * side / np.maximum(length, 1e-6))
    pixel = np.arange(side, dtype=float32)
    at = shift + np.stack(np.meshgrid(pixel, pixel), -1)
    laid, coverage = (
        cv2.remap(x, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        for x in (anchor.pixels, anchor.coverage)
    )
    return np.asarray(laid, float32), np.asarray(coverage, float32)


def _levels(grey: Floats, reach: float) -> NDArray[np.uint8]:
    return np.clip(127.5 + _CONTRAST * (grey - _blur(grey, reach)), 0, 255).astype(np.uint8)


def _grey(pixels: Floats) -> Floats:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), float32)


def _blur(picture: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), float32)


def _between(grey: Floats, sigma: float) -> Floats:
    return _blur(grey, sigma) - _blur(grey, _COARSER * sigma)


def _ramp(values: NDArray[np.floating], none: float, all_: float) -> Floats:
    return np.clip((values - none) / (all_ - none), 0, 1).astype(float32)
