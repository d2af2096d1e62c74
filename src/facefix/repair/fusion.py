"""Temporal fusion of a face on its mesh: every piece of skin is followed through the frames around.

Each frame is unrolled onto the track's usual mesh, where the same piece of skin always lies at the same place. There a `Mixer`
says what the frame should be by what its neighbours are: by default `Regression`; `calming.Calming` for a face that flickers.
The difference goes back the same way: unrolling blurs, and only the difference is blurred.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy import float32, int32
from numpy.typing import NDArray

from facefix.repair import placing
from facefix.repair.scaling import resized, threefold

CURVATURE = 0.3
_WEIGHED_PX = 256
"""Side at which frames are weighed against each other: finer changes the noise more than the result."""
_ITERATIONS = 2
_NOISE_FLOOR = 1.5 / 255
"""Least deviation worth calling one: about the rounding and compression noise of 8-bit video."""
_TUKEY = 3.0
"""Deviations, in robust standard deviations, from which on a frame has no weight."""
_QUORUM = 3.0
"""Sum of the neighbours' trust from which on they may outvote the centre."""


@dataclass(frozen=True, slots=True, eq=False)
class Fused:
    """What fusion gives for one frame."""

    frame: int
    values: NDArray[float32]
    """(S, S, 3), as pushed."""


@dataclass(frozen=True, slots=True, eq=False)
class Unrolled:
    """A frame on the track's usual mesh."""

    frame: int
    colours: NDArray[float32]
    """(S, S, 3) the values that are fused."""
    luma: NDArray[float32]
    """(S, S) of the guide."""
    sure: NDArray[float32]
    """(S, S) 0..1: how far the frame shows what belongs there."""
    mesh: NDArray[float32]
    """(478, 3) where the face's points lay in the crop, crop pixels."""
    wanted: bool
    """False: sound, it only serves as a neighbour."""


class Mixer(Protocol):
    """Says what a frame should be by what its neighbours are."""

    def kept(self, seen: Unrolled) -> Any:
        """What is to be remembered of a frame."""
        ...

    def change(self, window: Sequence[Any], centre: int) -> NDArray[float32]:
        """(S, S, 3) what is to be added to the unrolled frame `window[centre]`; window: consecutive frames, as kept."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    frame: int
    values: NDArray[float32]
    mesh: NDArray[float32]
    kept: Any
    wanted: bool


class Fuser:
    """Fuses a track as it streams by. One per stretch of frames; holds 2 * radius + 1 of them at most."""

    def __init__(self, usual: NDArray[float32], triangles: NDArray[int32], radius: int, mixer: Mixer | None = None) -> None:
        """usual: (478, 3) crop pixels, the mesh that frames are unrolled onto. radius: frames looked at on either side."""
        self._usual, self._triangles, self.radius = usual, triangles, radius
        self._mixer = mixer or Regression(radius)
        self._seen: placing.Seen | None = None
        self._held: deque[_Held] = deque()
        self._next = 0
        """Index into `_held` of the next frame to be given out."""

    def push(
        self, frame: int, values: NDArray[float32], guide: NDArray[float32], mesh: NDArray[float32], wanted: bool = True
    ) -> list[Fused]:
        """Take the next frame of the track, give those whose look-ahead is now complete (at most one).

        values: (S, S, 3) what is to be fused: the crop itself, or a residual. guide: (S, S, 3) RGB 0..1, the crop by which
        frames are weighed. mesh: (478, 3) where the face's points lie in it. wanted: False for a frame that only serves as
        a neighbour: it is given back as it came. Frames must follow one another without gaps; at a cut or a gap call `flush`.
        """
        if self._held and frame != self._held[-1].frame + 1:
            raise ValueError(f"frame {frame} does not follow frame {self._held[-1].frame}; flush first")
        if self._seen is None:
            self._seen = placing.drawn(self._usual, self._triangles, len(values))
        both = np.asarray(cv2.merge([*cv2.split(values), cv2.cvtColor(guide, cv2.COLOR_RGB2GRAY)]), np.float32)
        unrolled, sure = carried(both, mesh, self._usual, self._triangles, self._seen)
        colours = np.asarray(cv2.cvtColor(unrolled, cv2.COLOR_RGBA2RGB), np.float32)
        seen = Unrolled(frame, colours, np.ascontiguousarray(unrolled[..., 3]), np.clip(sure, 0, 1), mesh, wanted)
        self._held.append(_Held(frame, values, mesh, self._mixer.kept(seen), wanted))
        return [self._give()] if len(self._held) - self._next > self.radius else []

    def flush(self) -> list[Fused]:
        """Give the frames still held back, their windows cut off at the end."""
        fused = []
        while self._next < len(self._held):
            fused.append(self._give())
        self._held.clear()
        self._next = 0
        return fused

    def _give(self) -> Fused:
        centre = self._held[self._next]
        first, last = max(0, self._next - self.radius), min(len(self._held), self._next + self.radius + 1)
        values = centre.values
        if centre.wanted and last - first > 1:
            change = self._mixer.change([self._held[i].kept for i in range(first, last)], self._next - first)
            back, sure = carried(change, self._usual, centre.mesh, self._triangles)
            back *= threefold(np.clip(sure, 0, 1))
            back += values
            values = back
        self._next += 1
        if self._next > self.radius:
            self._held.popleft()
            self._next -= 1
        return Fused(centre.frame, values)


@dataclass(frozen=True, slots=True, eq=False)
class _Weighed:
    colours: NDArray[float32]
    luma: NDArray[float32]
    """(P, P)."""
    trust: NDArray[float32]
    """(P, P)."""


class Regression:
    """Fits every pixel's path through time by a low-order polynomial (local regression, Cleveland 1979).

    A steady change survives, what is new in every frame does not. `CURVATURE` sets how freely the curve may bend: 0 is the mean
    (still skin), 1 the parabola that keeps an opening mouth. Frames that deviate from the curve lose their weight (Tukey's
    biweight), so a ghost or a one-frame jump is voted out.
    """

    def __init__(self, radius: int) -> None:
        self._radius = radius

    def kept(self, seen: Unrolled) -> _Weighed:
        """See `Mixer`."""
        size = min(_WEIGHED_PX, len(seen.luma))
        return _Weighed(seen.colours, *(resized(plane, size, cv2.INTER_LINEAR) for plane in (seen.luma, seen.sure)))

    def change(self, window: Sequence[_Weighed], centre: int) -> NDArray[float32]:
        """See `Mixer`."""
        times = ((np.arange(len(window)) - centre) / self._radius).astype(np.float32)
        kernel = robust_kernel(np.stack([w.luma for w in window]), np.stack([w.trust for w in window]), times, CURVATURE)
        change = -window[centre].colours
        for share, kept in zip(kernel, window, strict=True):
            change += threefold(resized(share, len(change), cv2.INTER_LINEAR)) * kept.colours
        return change


def robust_kernel(
    samples: NDArray[float32], trust: NDArray[float32], times: NDArray[float32], curvature: float
) -> NDArray[float32]:
    """(K, P, P) weights whose sum over K is 1: what each frame contributes to the fitted value at time 0.

    samples: (K, P, P) values that follow the motion. trust: (K, P, P) 0..1. times: (K,), -1..1, 0 the centre's.
    """
    centre = int(np.flatnonzero(times == 0)[0])

    def fit(weights: NDArray[float32]) -> NDArray[float32]:
        return _kernel(weights, times, curvature)

    return fit(trust * robustness(samples, trust, centre, fit))


def robustness(
    samples: NDArray[float32], trust: NDArray[float32], centre: int, fit: Callable[[NDArray[float32]], NDArray[float32]]
) -> NDArray[float32]:
    """(K, P, P) 0..1: how far each frame agrees with what is fitted to them all (Tukey's biweight, reweighted twice).

    samples: (K, P, P) values that follow the motion. trust: (K, P, P) weights before that. centre: the frame that is to be
    outvoted where it is broken. fit: weights -> (K, P, P) kernel whose sum over K is 1.
    """
    others = [k for k in range(len(samples)) if k != centre]
    support = np.clip(trust[others].sum(0) / _QUORUM, 0, 1)
    # The neighbours vote first: a broken centre must not defend itself by pulling the fit to it.
    weights, tukey = trust.copy(), np.ones_like(trust)
    weights[centre] *= 1 - 0.9 * support
    for _ in range(_ITERATIONS):
        deviation = np.abs(samples - (fit(weights) * samples).sum(0))
        scale = np.maximum(1.4826 * _weighted_mean(deviation, weights), _NOISE_FLOOR)
        local = np.stack([cv2.blur(d, (9, 9)) for d in deviation]) / cv2.blur(scale, (9, 9))
        tukey = np.square(np.clip(1 - np.square(local / _TUKEY), 0, 1))
        tukey[centre] = 1 - support * (1 - tukey[centre])
        weights = trust * tukey
    return np.asarray(tukey, np.float32)


def _weighted_mean(values: NDArray[float32], weights: NDArray[float32]) -> NDArray[float32]:
    return np.asarray((values * weights).sum(0) / np.maximum(weights.sum(0), 1e-6), np.float32)


def _kernel(weights: NDArray[float32], times: NDArray[float32], curvature: float) -> NDArray[float32]:
    """Equivalent kernel at time 0 of the weighted regression on 1, t, t**2 with a ridge on the two slopes."""
    t = times[:, None, None]
    moments = [(weights * t**n).sum(0) for n in range(5)]
    # Ridge: stiff where `curvature` is small; never 0, so that too few frames still have a solution.
    ridge = moments[0] * np.float32((1 - curvature) ** 2 / max(curvature, 1e-3) ** 2 * 0.2 + 1e-3)
    s0, s1, s2, s3, s4 = moments
    s0 = np.maximum(s0, 1e-6)
    a, b, c = s2 + ridge, s3, s4 + ridge
    # First row of the inverse of [[s0, s1, s2], [s1, a, b], [s2, b, c]], by cofactors.
    c0, c1, c2 = a * c - b * b, s2 * b - s1 * c, s1 * b - s2 * a
    determinant = s0 * c0 + s1 * c1 + s2 * c2
    return (weights * (c0 + t * c1 + t * t * c2) / np.maximum(determinant, 1e-12)).astype(np.float32)


def carried(
    values: NDArray[float32],
    mesh: NDArray[float32],
    wanted: NDArray[float32],
    triangles: NDArray[int32],
    seen: placing.Seen | None = None,
) -> tuple[NDArray[float32], NDArray[float32]]:
    """Values (S, S, C) whose face has that mesh, brought to where the other has its points; and how surely, (S, S).

    seen: `placing.drawn` of `wanted`, where there is one.
    """
    side = values.shape[0]
    where, known = placing.source_map(wanted, mesh, triangles, side, seen)
    sure = resized(np.asarray(known / placing.HOLE, np.float32), side, cv2.INTER_LINEAR)
    return placing.fetched(values, placing.enlarged(where, side)), sure
