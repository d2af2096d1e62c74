"""What a face that flickers should be: each part of its picture is averaged over those frames that can speak for it.

A frame on the usual mesh is taken apart into its light (what skin looks like from afar; eyes and mouth have none of their own),
what is coarse, and what is fine. How long each may be averaged is not the same:

- frames are the more alike, the more alike the face is held, and around eyes and mouth the more alike these are: the weights
  are those of a Gaussian process over poses, expressions and time (Rasmussen and Williams 2006, chapter 2). So speech and
  blinks are averaged with their like, and the light of a turned head with that of other frames in which it is turned as far;
- whatever changes steadily from frame to frame is no flicker: the variogram over time (Cressie 1993, chapter 2) of each place
  says which part of its change is new in every frame and which part grows with the distance, and frames weigh by that;
- a frame whose eyes look elsewhere, or whose lips show something else, does not count there (`kinship.kinship`);
- each part is changed only as far as it flickers (`flickering`); what is lit otherwise is so down to its pores: by a factor;
- frames that deviate from the rest, as with a ghost in them, lose their weight (`fusion.robustness`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair.flickering import ALL, Flickers
from facefix.repair.fusion import Unrolled, robustness
from facefix.repair.kinship import alike, kinship, steadiness
from facefix.repair.mask import face_mask
from facefix.repair.scaling import resized, threefold

_LIGHT_PX, _MIDDLE_PX = 64, 128
"""Sides at which light and what is coarse are kept."""
DARK, GAIN = 4 / 255, (0.4, 2.5)
"""Least light that is divided by; least and largest factor."""
_HARDLY = 0.02
"""Share of an average that is not worth making it."""
_LIGHT_REACH = 0.04
"""Sigma of what counts as light, as a share of the crop's side: more than a third of an eye's width."""
_SEEN = 0.2
"""Share of skin around a place from which on its light is known; with less, that of a wider neighbourhood counts."""
_ALIKE_POSE, _ALIKE_EYES, _ALIKE_MOUTH = 0.1, 0.03, 0.02
"""Mean distances of the points at which two frames are no more alike than e**-0.5, quarters of the crop's side (about one
eye distance)."""
_ALIKE_LIGHT_FRAMES, _ALIKE_FRAMES = 10.0, 4.0
"""Frames apart at which two are no more alike than that: light, and all else."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A frame, taken apart."""

    frame: int
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

    def __init__(
        self,
        usual: NDArray[float32],
        points: NDArray[float32],
        side: int,
        reach: int,
        flickers: Mapping[int, Flickers] = MappingProxyType({}),
    ) -> None:
        """usual: (478, 3) the mesh that frames are unrolled onto, points: (5, 2) of that face, both pixels of crops of `side`.

        reach: frames on either side over which all but the light is averaged. flickers: of each frame; in full where nothing
        is said.
        """
        self._reach, self._side, self._flickers = reach, side, flickers
        five = (points + 0.5) * _MIDDLE_PX / side - 0.5
        mask = face_mask(np.asarray(five, float32), _MIDDLE_PX)
        self._areas = mask.eyes, mask.mouth
        hull = np.zeros((_MIDDLE_PX, _MIDDLE_PX), np.uint8)
        outline = cv2.convexHull((usual[:, :2] + 0.5) * _MIDDLE_PX / side - 0.5)
        cv2.fillConvexPoly(hull, np.round(outline).astype(np.int32), 1)
        self._hull = hull.astype(float32)
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
        return Parts(seen.frame, light, middle, fine, luma, sure, points, seen.wanted)

    def change(self, window: Sequence[Parts], centre: int) -> NDArray[float32]:
        """See `fusion.Mixer`."""
        own = window[centre]
        far = self._flickers.get(own.frame, ALL)
        gain = self._gain(window, centre, far.light)
        lit = resized(gain, _MIDDLE_PX, cv2.INTER_LINEAR)
        coarse = (resized(own.light, _MIDDLE_PX, cv2.INTER_LINEAR) + own.middle) * (lit - 1)
        fine = own.fine * (resized(gain, self._side, cv2.INTER_LINEAR) - 1)
        if max(far.middle, far.fine) > _HARDLY:
            middle, shares, some = self._averages(window, centre)
            coarse += np.float32(far.middle) * (middle - own.middle * lit)
            fine += np.float32(far.fine) * (self._fine(shares, some) - own.fine - fine)
        return np.asarray(resized(np.asarray(coarse, float32), self._side, cv2.INTER_LINEAR) + fine, float32)

    def _gain(self, window: Sequence[Parts], centre: int, far: float) -> NDArray[float32]:
        """(64, 64, 3) by what the light is changed."""
        gain = 1 + np.float32(far) * self._light_change(window, centre) / np.maximum(window[centre].light, DARK)
        return np.clip(gain, *GAIN).astype(float32)

    def changes(self, window: Sequence[Parts], centre: int) -> NDArray[float32]:
        """(3, 128, 128, 3) what averaging in full would change within the face: the light, and then the middle and what is fine
        (every so many pixels) of the face as it is lit then; RGB 0..1."""
        own = window[centre]
        light, gain = self._light_change(window, centre), self._gain(window, centre, 1.0)
        middle, shares, some = self._averages(window, centre)
        fine = self._fine(shares, some) - own.fine * resized(gain, self._side, cv2.INTER_LINEAR)
        lit = own.middle * resized(gain, _MIDDLE_PX, cv2.INTER_LINEAR)
        stride = self._side // _MIDDLE_PX
        parts = resized(light, _MIDDLE_PX, cv2.INTER_LINEAR), middle - lit, fine[::stride, ::stride]
        return np.stack(parts).astype(float32) * self._hull[..., None]

    def _averages(self, window: Sequence[Parts], centre: int) -> tuple[NDArray[float32], NDArray[float32], Sequence[Parts]]:
        """(128, 128, 3) what is coarse, averaged; (K, 128, 128) the shares of frames in what is fine; and these K frames."""
        near = slice(max(0, centre - self._reach), centre + self._reach + 1)
        some, middle = window[near], centre - near.start
        weights = self._weights(some, middle)
        coarse = np.stack([parts.middle for parts in some])
        # Every fourth pixel says as much of how fine detail varies as all of them.
        stride = self._side // _MIDDLE_PX
        fine = np.stack([parts.fine[::stride, ::stride][:_MIDDLE_PX, :_MIDDLE_PX] for parts in some])
        shares = _shares(weights * steadiness(coarse, middle, 5.0))
        average = np.einsum("kij,kijc->ijc", shares, coarse).astype(float32)
        return average, _shares(weights * steadiness(fine, middle, 8.0)), some

    def _fine(self, shares: NDArray[float32], some: Sequence[Parts]) -> NDArray[float32]:
        """(S, S, 3) what is fine, averaged."""
        total = np.zeros_like(some[0].fine)
        for share, parts in zip(shares, some, strict=True):
            total += threefold(resized(share, self._side, cv2.INTER_LINEAR)) * parts.fine
        return total

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
