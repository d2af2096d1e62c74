"""Temporal fusion of a face in crop space: neighbours follow the motion to the centre frame, where a robust curve is
fitted to each pixel's path through time.

A mean over neighbours smears whatever moves, a median steps. Here every pixel is fitted by a low-order polynomial in
time (local regression, Cleveland 1979; with equal weights it is the filter of Savitzky and Golay 1964), whose value
at the centre replaces it. `curvature` sets how freely the curve may bend: 0 is the mean (still skin), 1 the
parabola that keeps an opening mouth. Frames that deviate from the curve lose their weight (Tukey's biweight),
so a ghost or a one-frame jump is voted out; where motion cannot be followed neighbours have no weight and the
centre stays what it is.

The same fit over *positions* instead of colours straightens a face that one frame has bent (`Recipe.places`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy import float32, uint8
from numpy.typing import NDArray

from facefix.repair.flow import FLOW_PX, Motion, follow, guide_picture, motions

_ITERATIONS = 2
_NOISE_FLOOR = 1.5 / 255
"""Least deviation worth calling one: about the rounding and compression noise of 8-bit video."""
_TUKEY = 3.0
"""Deviations, in robust standard deviations, from which on a frame has no weight."""
_QUORUM = 3.0
"""Sum of the neighbours' trust from which on they may outvote the centre."""
_JITTER = (0.2, 0.7)
"""Ratio of second differences to variance, 1 for white noise: below the first nothing is jitter, above the second all."""
_HEAD_RADIUS = 0.8
"""Part of the crop that shows the head, as a share of half the side."""
_HEAD_MISFIT_PX = 0.5
"""Deviation from the head's motion, at `FLOW_PX`, from which on a place counts as moving by itself."""
_COARSE = 4
"""Statistics of regions are taken from every fourth pixel."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How far to look and how stiff a path to assume."""

    radius: int = 3
    """Frames to look at on either side; the delay of `Fuser`."""
    stride: int = 1
    """Look at every `stride`-th of them only."""
    curvature: float = 0.3
    """0: paths are flat (mean); 1: parabolas."""
    centre_weight: float = 1.0
    """Weight of the centre frame against a perfectly followed neighbour's 1; lower distrusts it."""
    colours: bool = True
    """Fuse what neighbours show at the place of each pixel of the centre frame."""
    careful: bool = True
    """Change only where the variation over time is jitter; off for what should be steady, such as residuals."""
    places: bool = True
    """Then move the pixels to where their paths through the neighbours say they belong."""

    @property
    def offsets(self) -> tuple[int, ...]:
        """Neighbours in frames relative to the centre, without 0."""
        steps = range(self.stride, self.radius + 1, self.stride)
        return tuple(-k for k in reversed(steps)) + tuple(steps)


@dataclass(frozen=True, slots=True, eq=False)
class Fused:
    """What fusion gives for one frame."""

    frame: int
    values: NDArray[float32]
    """(S, S, C), as pushed."""
    support: NDArray[float32]
    """(S, S) 0..1: share of the neighbours that could be followed here."""


@dataclass(slots=True, eq=False)
class _Held:
    frame: int
    values: NDArray[float32]
    picture: NDArray[uint8]
    luma: NDArray[float32]
    wanted: bool = True
    motions: dict[int, Motion] = field(default_factory=dict)
    """Offset of another frame -> the motion from this frame to it."""


class Fuser:
    """Fuses a track as it streams by. One per track; holds 2 * radius + 1 frames at most."""

    def __init__(self, recipe: Recipe | None = None) -> None:
        self.recipe = recipe or Recipe()
        self._held: deque[_Held] = deque()
        self._next = 0
        """Index into `_held` of the next frame to be given out."""

    def push(self, frame: int, values: NDArray[float32], guide: NDArray[float32], wanted: bool = True) -> list[Fused]:
        """Take the next frame of the track, give those whose look-ahead is now complete (at most one).

        values: (S, S, 3) what is to be fused: the crop itself, or a residual. guide: (S, S, 3) RGB 0..1, the input
        crop by which motion is found. wanted: False for a frame that only serves as a neighbour: it is given back as it
        came. Frames must follow one another without gaps; at a cut or a gap call `flush`.
        """
        if self._held and frame != self._held[-1].frame + 1:
            raise ValueError(f"frame {frame} does not follow frame {self._held[-1].frame}; flush first")
        self._held.append(_Held(frame, values, guide_picture(guide), _luma(guide), wanted))
        if len(self._held) - 1 - self._next < self.recipe.radius:
            return []
        return [self._give()]

    def flush(self) -> list[Fused]:
        """The frames still held back, fused with what neighbours there are. The fuser is empty afterwards."""
        fused = []
        while self._next < len(self._held):
            fused.append(self._give())
        self._held.clear()
        self._next = 0
        return fused

    def _give(self) -> Fused:
        centre = self._held[self._next]
        reached = [k for k in self.recipe.offsets if 0 <= self._next + k < len(self._held)] if centre.wanted else []
        neighbours = {k: self._held[self._next + k] for k in reached}
        for k, other in neighbours.items():
            if k not in centre.motions:
                # Both ways come of one search; the other one serves when the neighbour is the centre.
                centre.motions[k], other.motions[-k] = motions(centre.picture, other.picture)
        fused = _fuse(centre, neighbours, self.recipe)
        self._next += 1
        if self._next > self.recipe.radius:
            self._held.popleft()
            self._next -= 1
        return fused


def fuse(
    window: Sequence[NDArray[float32]], centre: int, guide: Sequence[NDArray[float32]], recipe: Recipe | None = None
) -> NDArray[float32]:
    """The centre frame of a window (S, S, 3 each) fused with the others; see `Fuser` for a whole track."""
    recipe = recipe or Recipe(radius=max(centre, len(window) - 1 - centre))
    held = [_Held(i, v, guide_picture(g), _luma(g)) for i, (v, g) in enumerate(zip(window, guide, strict=True))]
    neighbours = {k: held[centre + k] for k in recipe.offsets if 0 <= centre + k < len(held)}
    for k, other in neighbours.items():
        held[centre].motions[k] = motions(held[centre].picture, other.picture)[0]
    return _fuse(held[centre], neighbours, recipe).values


def _fuse(centre: _Held, neighbours: Mapping[int, _Held], recipe: Recipe) -> Fused:
    side = centre.values.shape[0]
    if not neighbours:
        return Fused(centre.frame, centre.values, np.zeros((side, side), np.float32))
    offsets = (0, *neighbours)
    flows = [centre.motions[k] for k in neighbours]
    luma = np.stack([centre.luma, *(follow(h.luma, m.flow) for h, m in zip(neighbours.values(), flows, strict=True))])
    trust = np.stack([np.full_like(centre.luma, recipe.centre_weight), *(m.trust for m in flows)])
    kernel = robust_kernel(luma, trust, np.array([k / recipe.radius for k in offsets], np.float32), recipe.curvature)
    kernel_of_places = kernel
    support = trust[1:].mean(0)
    order = np.argsort(offsets)
    values = centre.values
    if recipe.colours:
        if recipe.careful:
            kernel = _towards_centre(kernel, jitter_share(luma[order][..., None]))
        values = _weighted(values, neighbours, flows, kernel)
    if recipe.places:
        paths = np.stack([np.zeros_like(flows[0].flow), *(_local(m) for m in flows)])
        wanted = (kernel_of_places[..., None] * paths).sum(0) * jitter_share(paths[order])[..., None]
        values = _moved(values, wanted)
    return Fused(centre.frame, values, _enlarged(support, side))


def robust_kernel(
    samples: NDArray[float32], trust: NDArray[float32], times: NDArray[float32], curvature: float
) -> NDArray[float32]:
    """(K, P, P) weights whose sum over K is 1: what each frame contributes to the fitted value at time 0.

    samples: (K, P, P) values that follow the motion. trust: (K, P, P) 0..1. times: (K,), -1..1, 0 the centre's.
    """
    centre = int(np.flatnonzero(times == 0)[0])
    others = [k for k in range(len(times)) if k != centre]
    support = np.clip(trust[others].sum(0) / _QUORUM, 0, 1)
    # The neighbours vote first: a broken centre must not defend itself by pulling the fit to it.
    weights = trust.copy()
    weights[centre] *= 1 - 0.9 * support
    for _ in range(_ITERATIONS):
        fit = (_kernel(weights, times, curvature) * samples).sum(0)
        deviation = np.abs(samples - fit)
        scale = np.maximum(1.4826 * _weighted_mean(deviation, weights), _NOISE_FLOOR)
        local = np.stack([cv2.blur(d, (9, 9)) for d in deviation]) / cv2.blur(scale, (9, 9))
        tukey = np.square(np.clip(1 - np.square(local / _TUKEY), 0, 1))
        tukey[centre] = 1 - support * (1 - tukey[centre])
        weights = trust * tukey
    return _kernel(weights, times, curvature)


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


def _weighted(
    centre: NDArray[float32], neighbours: Mapping[int, _Held], flows: Sequence[Motion], kernel: NDArray[float32]
) -> NDArray[float32]:
    side = centre.shape[0]
    out = centre * _enlarged(kernel[0], side)[..., None]
    for held, motion, share in zip(neighbours.values(), flows, kernel[1:], strict=True):
        out += follow(held.values, motion.flow) * _enlarged(share, side)[..., None]
    return out


def jitter_share(paths: NDArray[float32]) -> NDArray[float32]:
    """(P, P) 0..1: how much of the paths' variation over time is jitter, as against smooth motion.

    paths: (K, P, P, C), equally spaced in time, in order; of fewer than 3 nothing can be said, which gives 0. White
    noise has second differences of six times its variance, smooth motion nearly none (von Neumann's ratio, one order
    up). Both are averaged over a region about as large as an eye.
    """
    side = paths.shape[1]
    if len(paths) < 3:
        return np.zeros((side, side), np.float32)
    coarse = paths[:, ::_COARSE, ::_COARSE]
    bends = coarse[2:] - 2 * coarse[1:-1] + coarse[:-2]
    noise = np.square(bends).mean(0).sum(-1) / 6
    variance = coarse.var(0, ddof=1).sum(-1)
    noise, variance = (cv2.GaussianBlur(v, (0, 0), FLOW_PX / 32 / _COARSE) for v in (noise, variance))
    low, high = _JITTER
    return _enlarged(np.clip((noise / np.maximum(variance, 1e-12) - low) / (high - low), 0, 1).astype(np.float32), side)


def _towards_centre(kernel: NDArray[float32], share: NDArray[float32]) -> NDArray[float32]:
    """The kernel where `share` is 1, the centre frame alone where it is 0."""
    scaled = kernel * share
    scaled[0] += 1 - share
    return scaled


def _local(motion: Motion) -> NDArray[float32]:
    """The flow (P, P, 2) without the head's own motion: less a quadratic surface, fitted so that local faults cannot
    pull it (reweighted by Cauchy's function), and fading to 0 where the surface is extrapolated."""
    side, step = motion.flow.shape[0], 8
    x, y = np.meshgrid(*[np.linspace(-1, 1, side, dtype=np.float32)] * 2)
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], -1)
    radius = np.hypot(x, y)
    sampled = terms[::step, ::step].reshape(-1, terms.shape[-1])
    wanted = motion.flow[::step, ::step].reshape(-1, 2)
    trust = (motion.trust * (radius < _HEAD_RADIUS))[::step, ::step].reshape(-1, 1)
    weights = trust
    solution = np.zeros((terms.shape[-1], 2), np.float32)
    for _ in range(4):
        root = np.sqrt(weights)
        solution = np.linalg.lstsq(sampled * root, wanted * root, rcond=None)[0]
        misfit = np.square(wanted - sampled @ solution).sum(1, keepdims=True)
        weights = trust / (1 + misfit / _HEAD_MISFIT_PX**2)
    inside = np.clip((1.15 * _HEAD_RADIUS - radius) / (0.3 * _HEAD_RADIUS), 0, 1)[..., None]
    return ((motion.flow - terms @ solution) * inside).astype(np.float32)


def _moved(values: NDArray[float32], wanted: NDArray[float32]) -> NDArray[float32]:
    """`values` with the content at p moved to p + wanted(p)."""
    wanted = np.asarray(cv2.GaussianBlur(wanted.astype(np.float32), (0, 0), FLOW_PX / 64), np.float32)
    # Reading needs the inverse, found by two steps of fixed-point iteration.
    source = -wanted
    for _ in range(2):
        source = -follow(wanted, source)
    return follow(values, source)


def _luma(crop: NDArray[float32]) -> NDArray[float32]:
    small = cv2.resize(crop, (FLOW_PX, FLOW_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)


def _enlarged(weights: NDArray[float32], side: int) -> NDArray[float32]:
    return np.asarray(cv2.resize(weights, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)
