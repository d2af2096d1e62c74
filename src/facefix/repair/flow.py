"""Dense motion between two aligned face crops, with how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy import float32, uint8
from numpy.typing import NDArray

FLOW_PX = 256
"""Side at which motion is estimated: finer changes the crop's noise more than the result, coarser loses lips."""
_ROUND_TRIP_PX = 0.75
"""Forward-backward error at which trust falls to 1/e, at `FLOW_PX`, plus a share of the motion's length."""
_ROUND_TRIP_SHARE = 0.1
_BRIDGE_SHARE = 0.035
"""Reach of trusted motion into its surroundings, share of the side: about the width of an eye's iris and white."""
_GUESS = 0.6
"""Most that a motion guessed from its surroundings is trusted."""
_COARSE = 4
"""Surroundings are taken from every fourth pixel."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Where the content of one crop lies in another, at `FLOW_PX`."""

    flow: NDArray[float32]
    """(P, P, 2) x, y displacement in pixels of P: content at p in the first crop is at p + flow[p] in the second."""
    trust: NDArray[float32]
    """(P, P) 0..1: 1 where going there and back ends where it began; low where it does not or leaves the crop."""


def guide_picture(crop: NDArray[float32]) -> NDArray[uint8]:
    """(S, S, 3) RGB 0..1 -> (P, P) luma with its shading levelled, so that flickering light is not taken for motion."""
    small = cv2.resize(crop, (FLOW_PX, FLOW_PX), interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    mean = cv2.GaussianBlur(luma, (0, 0), FLOW_PX / 16)
    detail = cv2.GaussianBlur(luma, (0, 0), 0.8) - mean
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), FLOW_PX / 16)) + 0.02
    return np.clip(128 + 40 * detail / contrast, 0, 255).astype(np.uint8)


def motions(first: NDArray[uint8], second: NDArray[uint8]) -> tuple[Motion, Motion]:
    """The motion from `first` to `second` and from `second` to `first`, both guide pictures (P, P).

    Dense inverse search (Kroeger et al. 2016) each way; trust from the round trip (Sundaram et al. 2010).
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    there = np.asarray(search.calc(first, second, cast(Any, None)), np.float32)
    back = np.asarray(search.calc(second, first, cast(Any, None)), np.float32)
    return _bridged(there, _trust(there, back)), _bridged(back, _trust(back, there))


def follow(values: NDArray[float32], flow: NDArray[float32]) -> NDArray[float32]:
    """Bring `values` (S, S) or (S, S, C) of the second crop to where their content lies in the first.

    flow: (P, P, 2) as in `Motion`, scaled to S here. Beyond the border the edge is repeated.
    """
    side = values.shape[0]
    scale = side / flow.shape[0]
    where = cv2.resize(flow, (side, side), interpolation=cv2.INTER_LINEAR) * np.float32(scale) if scale != 1 else flow.copy()
    axis = np.arange(side, dtype=np.float32)
    where[..., 0] += axis
    where[..., 1] += axis[:, None]
    interpolation = cv2.INTER_CUBIC if values.ndim == 3 and values.shape[2] == 3 else cv2.INTER_LINEAR
    x, y = cv2.split(where)
    moved = cv2.remap(values, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _bridged(flow: NDArray[float32], trust: NDArray[float32]) -> Motion:
    """The motion, where it is not trusted, of its trusted surroundings; that is a guess, and trusted as one.

    Without it a ghost, which no flow can follow, would be kept for want of anything to compare it with.
    """
    coarse_trust = np.ascontiguousarray(trust[::_COARSE, ::_COARSE])
    coarse_flow = flow[::_COARSE, ::_COARSE] * coarse_trust[..., None]
    sigma = FLOW_PX * _BRIDGE_SHARE / _COARSE
    near = np.asarray(cv2.GaussianBlur(coarse_trust, (0, 0), sigma))
    around = np.asarray(cv2.GaussianBlur(coarse_flow, (0, 0), sigma)) / np.maximum(near, 1e-3)[..., None]
    size = flow.shape[1::-1]
    guess, nearness = cv2.resize(around, size), np.clip(2 * np.asarray(cv2.resize(near, size)), 0, 1)
    share = trust[..., None]
    bridged = share * flow + (1 - share) * guess
    return Motion(bridged.astype(np.float32), np.maximum(trust, _GUESS * nearness).astype(np.float32))


def _trust(there: NDArray[float32], back: NDArray[float32]) -> NDArray[float32]:
    error = np.linalg.norm(there + follow(back, there), axis=2)
    allowed = _ROUND_TRIP_PX + _ROUND_TRIP_SHARE * np.linalg.norm(there, axis=2)
    trust = np.exp(-np.square(error / allowed))
    side = there.shape[0]
    x = np.arange(side, dtype=np.float32) + there[..., 0]
    y = np.arange(side, dtype=np.float32)[:, None] + there[..., 1]
    inside = (x >= 0) & (x <= side - 1) & (y >= 0) & (y <= side - 1)
    # The running sums of a box filter may end a rounding error below 0.
    return np.clip(cv2.blur((trust * inside).astype(np.float32), (5, 5)), 0, 1)
