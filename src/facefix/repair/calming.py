"""What a face that flickers should be: each part of its picture is averaged over those frames that can speak for it.

A frame on the usual mesh is taken apart into its light (what skin looks like from afar; eyes and mouth have none of their own),
what is coarse, and what is fine. How long each may be averaged is not the same:

- frames are the more alike, the more alike the face is held, and around eyes and mouth the more alike these are: the weights
  are those of a Gaussian process over poses, expressions and time (Rasmussen and Williams 2006, chapter 2). So speech and
  blinks are averaged with their like, and the light of a turned head with that of other frames in which it is turned as far;
- whatever changes steadily from frame to frame is no flicker: the variogram over time (Cressie 1993, chapter 2) of each place
  says which part of its change is new in every frame and which part grows with the distance, and frames weigh by that;
- a frame whose eyes look elsewhere, or whose lips show something else, does not count there (`kinship`);
- frames that deviate from the rest, as with a ghost in them, lose their weight (`fusion.robustness`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair.fusion import Unrolled, robustness
from facefix.repair.mask import face_mask
from facefix.repair.scaling import resized, threefold

_LIGHT_PX, _MIDDLE_PX = 64, 128
"""Sides at which light and what is coarse are kept."""
_LIGHT_REACH = 0.04
"""Sigma of what counts as light, as a share of the crop's side: more than a third of an eye's width."""
_SEEN = 0.2
"""Share of skin around a place from which on its light is known; with less, that of a wider neighbourhood counts."""
_ALIKE_POSE, _ALIKE_EYES, _ALIKE_MOUTH = 0.1, 0.03, 0.02
"""Mean distances of the points at which two frames are no more alike than e**-0.5, quarters of the crop's side (about one
eye distance)."""
_ALIKE_LIGHT_FRAMES, _ALIKE_FRAMES = 10.0, 4.0
"""Frames apart at which two are no more alike than that: light, and all else."""
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


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A frame, taken apart."""

    light: NDArray[float32]
    """(64, 64, 3)."""
    middle: NDArray[float32]
    """(128, 128, 3) without the light."""
    fine: NDArray[float32]
    """(S, S, 3) what is left."""
    luma: NDArray[float32]
    """(128, 128) of `middle`."""
    sure: NDArray[float32]
    """(128, 128)."""
    points: NDArray[float32]
    """(478, 3) of the mesh, about its middle, quarters of the crop's side."""
    wanted: bool


class Calming:
    """See `fusion.Mixer`."""

    def __init__(self, usual: NDArray[float32], points: NDArray[float32], side: int, reach: int) -> None:
        """usual: (478, 3) the mesh that frames are unrolled onto, points: (5, 2) of that face, both pixels of crops of `side`.

        reach: frames on either side over which all but the light is averaged.
        """
        self._reach, self._side = reach, side
        five = (points + 0.5) * _MIDDLE_PX / side - 0.5
        mask = face_mask(np.asarray(five, float32), _MIDDLE_PX)
        self._areas = mask.eyes, mask.mouth
        hull = np.zeros((_MIDDLE_PX, _MIDDLE_PX), np.uint8)
        outline = cv2.convexHull((usual[:, :2] + 0.5) * _MIDDLE_PX / side - 0.5)
        cv2.fillConvexPoly(hull, np.round(outline).astype(np.int32), 1)
        self._skin = resized(hull * (1 - mask.eyes) * (1 - mask.mouth), _LIGHT_PX)
        at = np.clip(((usual[:, :2] + 0.5) * _MIDDLE_PX / side).astype(int), 0, _MIDDLE_PX - 1)
        self._at = [area[at[:, 1], at[:, 0]] > 0.3 for area in self._areas]

    def kept(self, seen: Unrolled) -> Parts:
        """See `fusion.Mixer`."""
        middle, sure = resized(seen.colours, _MIDDLE_PX), resized(seen.sure, _MIDDLE_PX)
        light = self._light(resized(middle, _LIGHT_PX), resized(sure, _LIGHT_PX))
        fine = seen.colours - resized(middle, self._side, cv2.INTER_LINEAR)
        middle = middle - resized(light, _MIDDLE_PX, cv2.INTER_LINEAR)
        scale = np.array([4, 4, 2], float32) / self._side
        points = ((seen.mesh - seen.mesh.mean(0)) * scale).astype(np.float32)
        luma = np.asarray(cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY), float32)
        return Parts(light, middle, fine, luma, sure, points, seen.wanted)

    def change(self, window: Sequence[Parts], centre: int) -> NDArray[float32]:
        """See `fusion.Mixer`."""
        near = slice(max(0, centre - self._reach), centre + self._reach + 1)
        some, middle = window[near], centre - near.start
        weights = self._weights(some, middle)
        coarse = np.stack([parts.middle for parts in some])
        # Every fourth pixel says as much of how fine detail varies as all of them.
        stride = self._side // _MIDDLE_PX
        fine = np.stack([parts.fine[::stride, ::stride][:_MIDDLE_PX, :_MIDDLE_PX] for parts in some])
        light = resized(self._light_change(window, centre), _MIDDLE_PX, cv2.INTER_LINEAR)
        shares = _shares(weights * steadiness(coarse, middle, 5.0))
        change = light + np.einsum("kij,kijc->ijc", shares, coarse) - coarse[middle]
        change = resized(np.asarray(change, float32), self._side, cv2.INTER_LINEAR)
        shares = _shares(weights * steadiness(fine, middle, 8.0))
        shares[middle] -= 1
        for share, parts in zip(shares, some, strict=True):
            change += threefold(resized(share, self._side, cv2.INTER_LINEAR)) * parts.fine
        return change

    def _light(self, colours: NDArray[float32], sure: NDArray[float32]) -> NDArray[float32]:
        """(64, 64, 3) the colours of skin from afar; those of its neighbourhood where there is none."""
        weight = sure * self._skin
        shown = colours * weight[..., None]
        near, wide = ([cv2.GaussianBlur(x, (0, 0), s * _LIGHT_REACH * _LIGHT_PX) for x in (shown, weight)] for s in (1, 3))
        known = np.clip(near[1] / _SEEN, 0, 1)[..., None]
        lights = [total / np.maximum(count, 1e-6)[..., None] for total, count in (near, wide)]
        return np.asarray(known * lights[0] + (1 - known) * lights[1], np.float32)

    def _light_change(self, window: Sequence[Parts], centre: int) -> NDArray[float32]:
        poses = _calmed(np.stack([parts.points for parts in window]))
        share = alike([(poses, _ALIKE_POSE)], _ALIKE_LIGHT_FRAMES, centre, [parts.wanted for parts in window])
        mean = np.tensordot(share, np.stack([parts.light for parts in window]), 1)
        return np.asarray(mean - window[centre].light, np.float32)

    def _weights(self, window: Sequence[Parts], centre: int) -> NDArray[float32]:
        """(K, 128, 128) how far each frame may speak for the centre."""
        poses = _calmed(np.stack([parts.points for parts in window]))
        wanted = [parts.wanted for parts in window]
        features = [(poses, _ALIKE_POSE)]
        weights = alike(features, _ALIKE_FRAMES, centre, wanted)[:, None, None] * np.ones_like(self._areas[0])
        for area, at, reach in zip(self._areas, self._at, (_ALIKE_EYES, _ALIKE_MOUTH), strict=True):
            own = alike([*features, (_shape(poses[:, at, :2]), reach)], _ALIKE_FRAMES, centre, wanted)
            weights = weights + area * (own[:, None, None] - weights)
        # The centre is its own nearest kin, as a rule: it counts in full, for a quorum is counted in full votes.
        weights = np.asarray(np.maximum(weights, 0) / np.maximum(weights.max(0), 1e-6), np.float32)
        lumas, sure = np.stack([parts.luma for parts in window]), np.stack([parts.sure for parts in window])
        weights *= sure * (1 - np.maximum(*self._areas) * (1 - kinship(lumas, centre)))
        return weights * robustness(lumas, weights, centre, _shares)


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


def _calmed(points: NDArray[float32]) -> NDArray[float32]:
    """Meshes (K, 478, 3) without their own noise, as far as it is new in every frame."""
    if len(points) < 3:
        return points
    padded = np.concatenate([points[:1], points, points[-1:]])
    return np.asarray(0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:], np.float32)


def _shape(points: NDArray[float32]) -> NDArray[float32]:
    """(K, P, 2) laid on their mean by shift, turn and size: the expression alone."""
    places = points.astype(np.float64) @ [1, 1j]
    places = places - places.mean(1, keepdims=True)
    usual = places.mean(0)
    fit = (places * usual.conj()).sum(1) / max(float(np.square(np.abs(usual)).sum()), 1e-9)
    laid = places / np.where(np.abs(fit) < 1e-6, 1, fit)[:, None]
    return np.stack([laid.real, laid.imag], -1).astype(np.float32)


def _shares(weights: NDArray[float32]) -> NDArray[float32]:
    return np.asarray((weights + 1e-9) / (weights + 1e-9).sum(0), np.float32)
