"""Which frames can speak for one another: those that show the same, and of these those that change only because they flicker.

See `calming` for what they are asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

_LEVEL = 100.0
"""Variance of the level that the face has in all frames, in variances of the flicker: next to unknown."""
_MEMORY = 0.3
"""Correlation of the flicker of two frames one after the other: generators let some of it stand."""
_SOUND = 0.2
"""Flicker of a frame that is not to be treated, as a share: it may yet have some."""
_PATCH = 0.02
"""Sigma, as a share of the side, of the places that are compared: an iris."""
_SAME = 0.25
"""Squared difference, as a share of what is to be seen there, up to which two frames show the same."""
_FLAT = (4 / 255) ** 2
"""Least of what is to be seen."""
_STRIDE = 2
"""Frames; variograms are read at this distance and at twice as much."""
_STILL = 1e-6
"""Variance that is none: a quarter of a level of 8 bits."""
_RARE = 1.25
"""Mean of three channels' squared noise over its median."""


def alike(
    features: Sequence[tuple[NDArray[float32], float]], frames: float, centre: int, noisy: Sequence[bool]
) -> NDArray[np.float64]:
    """(K,) what each frame contributes to the centre's true value, by a Gaussian process; about 1 in all.

    features: pairs of (K, ...) numbers and the distance, a mean over them, at which two frames are unlike. frames: the same
    in time. noisy: (K,) whether a frame flickers.
    """
    times = np.arange(len(noisy), dtype=float)
    apart = np.square((times[:, None] - times) / frames)
    for numbers, reach in features:
        flat = numbers.reshape(len(numbers), -1).astype(float)
        if flat.shape[1]:
            apart += 2 * np.square(flat[:, None] - flat[None]).mean(-1) / reach**2
    own = np.exp(-apart / 2) + _LEVEL
    share = np.where(noisy, 1.0, _SOUND)
    noise = (np.eye(len(times)) + _MEMORY * (np.abs(times[:, None] - times) == 1)) * share[:, None] * share
    return np.linalg.solve(own + noise, own[:, centre])


def kinship(lumas: NDArray[float32], centre: int) -> NDArray[float32]:
    """(K, P, P) 0..1: how far frames show the same as the centre, by what is seen: eyes that look elsewhere do not.

    lumas: (K, P, P) without their light. Where hardly any frame is like the centre it is the centre that is broken, and all
    may speak for it: what counts is how much less like it a frame is than the centre's second nearest.
    """
    if len(lumas) < 4:
        return np.ones_like(lumas)
    reach = _PATCH * lumas.shape[1]
    off = np.stack([cv2.GaussianBlur(np.square(luma - lumas[centre]), (0, 0), reach) for luma in lumas])
    share = off / (cv2.GaussianBlur(np.square(lumas).mean(0), (0, 0), reach) + _FLAT)
    second = np.partition(share, 2, axis=0)[2]
    unlike = np.clip(share - second - _SAME, 0, None) / _SAME
    unlike[centre] = 0
    return np.exp(-unlike).astype(np.float32)


def steadiness(values: NDArray[float32], centre: int, blur_px: float) -> NDArray[float32]:
    """(K, P, P) weights 0..1 of frames (K, P, P, C) as neighbours of the centre: 1 where all change is new in every frame.

    A frame is compared with the mean of those before and behind it, so that steady movement does not count.
    """
    times = np.square(np.arange(len(values), dtype=np.float32) - centre)[:, None, None]
    stride = min(_STRIDE, (len(values) - 1) // 4)
    if stride == 0:
        return np.ones(values.shape[:3], np.float32)
    near, far = (cv2.GaussianBlur(_unlike(values, lag), (0, 0), blur_px) for lag in (stride, 2 * stride))
    # Of independent noise a frame differs from the mean of two others by 1.5 of its variance.
    growing = np.maximum(far - near, 0) / (3 * stride**2)
    new = np.maximum(np.maximum(near - stride**2 * growing, 0.02 * near) / 1.5, _STILL)
    return np.asarray(new / (new + 2 * growing * times), np.float32)


def _unlike(values: NDArray[float32], lag: int) -> NDArray[float32]:
    """(P, P) mean square of what a frame differs from the mean of those `lag` before and behind it; robust to single frames."""
    off = np.square(values[lag:-lag] - 0.5 * (values[2 * lag :] + values[: -2 * lag])).mean(-1)
    # So few numbers are sorted in less than half the time that numpy takes to look for the middle one.
    off.sort(axis=0)
    middle = len(off) // 2
    return np.asarray(_RARE * (off[middle] if len(off) % 2 else (off[middle - 1] + off[middle]) / 2), np.float32)
