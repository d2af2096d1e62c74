"""What tells whether a face is better after a cure than before it: one gauge per kind of fault, fed while the clip is rendered.

A gauge looks at some dozens of frames of a treatment at most and keeps numbers, not pictures, frame by frame: a render that was
broken off takes them up again (`pipeline.checkpoint`). Lower is better in all of them.
None asks the network or the mesh that made the repair: on meshes laid by the cure its own result always looks steadier, and
what lies where the mesh says it should always looks straight.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Protocol

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.diagnose.skin import reading as skin
from facefix.diagnose.skin.bands import bands
from facefix.faces import align, identity
from facefix.pipeline import trial
from facefix.pipeline.loading import loaded
from facefix.plan import Treatment
from facefix.repair.cures import Sight
from facefix.repair.detail import GRID, texture_stats, usual_texture
from facefix.repair.mask import FaceMask, face_mask
from facefix.types import Span

Reading = tuple[float, float]
"""Before and after."""
Told = dict[int, Any]
"""Frame -> what a gauge has measured in it, as JSON can hold it without loss."""

LOOK_BACK = 2
"""Frames before the first one that counts which a gauge must have seen."""

_SKIN_FRAMES = 8
"""Of a treatment whose skin is looked at: wax is the same in all of them."""
_RUNS, _RUN_FRAMES = 4, 12
"""Flicker is looked at in runs of consecutive frames; of shorter treatments in all frames."""
_LUMA_PX = 64
"""Side of the pictures whose steadiness is measured: shading and features flicker, grain does not."""
_DARKEST = 0.05
"""Brightness below which nothing is a share of it."""
_ROUNDING = 1e-6
"""Energy of a band below which 8-bit rounding (variance (1/255)**2 / 12) is all there is."""
_MASK_PX = 256
_ON_SKIN = 0.5
"""Mean weight of the face's mask, without eyes and mouth, from which on a cell of texture is skin."""


class Gauge(Protocol):
    """Measures one treatment."""

    told: Told

    @property
    def frames(self) -> Collection[int]:
        """Those it wants to see."""
        ...

    def push(self, before: Sight, after: Sight) -> None:
        """One of its frames, in order; frames may be missing."""
        ...

    def read(self) -> Reading | None:
        """What was measured; None where too few frames were seen."""
        ...


class Instruments:
    """The networks that gauges look through; loaded when first asked for."""

    def __init__(self, device: str) -> None:
        self._device = device

    @cached_property
    def identity(self) -> identity.Remembering:
        return identity.Remembering()

    @cached_property
    def skin(self) -> skin.Reader:
        return loaded(skin.Reader, (skin.WEIGHTS,), self._device)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What a gauge may know of the treatment it measures."""

    treatment: Treatment
    anchors: tuple[Sight, ...]
    """The face at its best; may be empty."""
    samples: Collection[int]
    """Frames on which the repair was tried beforehand: what the identity network said of them need not be asked again."""
    instruments: Instruments


class Likeness:
    """Mean distance of the face's embeddings to those of its anchors."""

    def __init__(self, subject: Subject) -> None:
        self._judge = subject.instruments.identity
        self._best = trial.embedded(self._judge, subject.anchors)
        self.told: Told = {}
        self.frames = trial.sampled(subject.treatment, subject.samples)

    @classmethod
    def start(cls, subject: Subject) -> Likeness | None:
        return cls(subject) if subject.anchors else None

    def push(self, before: Sight, after: Sight) -> None:
        one, other = (trial.distance(trial.embedded(self._judge, [sight]), self._best) for sight in (before, after))
        self.told[before.frame] = [one, other]

    def read(self) -> Reading | None:
        return _means(in_order(self.told))


class Unsteadiness:
    """% of the face's brightness by which its places jump against the mean of the frames before and after.

    The second difference over time of the luma of crops aligned by the smoothed points, halved: what goes on evenly cancels,
    speech leaves the same floor before and after.
    """

    def __init__(self, span: Span) -> None:
        self.frames = runs(span)
        self._past: list[tuple[int, NDArray[float32]]] = []
        self.told: Told = {}
        self._mask = cv2.resize(_mask().face, (_LUMA_PX, _LUMA_PX), interpolation=cv2.INTER_AREA)

    @classmethod
    def start(cls, subject: Subject) -> Unsteadiness | None:
        return cls(subject.treatment.span)

    def push(self, before: Sight, after: Sight) -> None:
        now = np.stack([_luma(before.pixels), _luma(after.pixels)])
        self._past = [*self._past, (before.frame, now)][-3:]
        jumps: list[float] = []
        frames = [frame for frame, _ in self._past]
        if frames == list(range(frames[-1] - 2, frames[-1] + 1)):
            first, middle, last = (luma for _, luma in self._past)
            jump = np.abs(last - 2 * middle + first) / 2
            jumps = [self._mean(jump[0]), self._mean(jump[1])]
        self.told[before.frame] = [self._mean(now[0]), *jumps]

    def read(self) -> Reading | None:
        told = _means([jumps for _, *jumps in in_order(self.told) if jumps])
        if told is None:
            return None
        light = [light for light, *_ in in_order(self.told)]
        percent = 100 / max(float(np.mean(light)), _DARKEST)
        return told[0] * percent, told[1] * percent

    def _mean(self, luma: NDArray[float32]) -> float:
        return float((luma * self._mask).sum() / self._mask.sum())


class TextureDistance:
    """How far the skin's roughness lies from that of the face's anchors, in finest to pore-sized bands (`repair.detail`).

    Mean absolute log ratio of amplitudes over bands and cells of skin: too smooth is as far off as too rough, which the skin
    network does not see - it calls a blurred waxy face no waxier than it was.
    """

    def __init__(self, span: Span, reference: NDArray[float32]) -> None:
        """reference: (bands, GRID, GRID) energy of the anchors."""
        self.frames = spread(span, _SKIN_FRAMES)
        self._reference = reference
        self.told: Told = {}

    @classmethod
    def start(cls, subject: Subject) -> TextureDistance | None:
        usual = usual_texture([anchor.pixels for anchor in subject.anchors])
        return None if usual is None else cls(subject.treatment.span, usual.energy)

    def push(self, before: Sight, after: Sight) -> None:
        self.told[before.frame] = [texture_stats(_clipped(sight.pixels)).energy.tolist() for sight in (before, after)]

    def read(self) -> Reading | None:
        if not self.told:
            return None
        usual = np.median(np.array(in_order(self.told), float32), axis=0)
        ratio = np.log((usual + _ROUNDING) / (self._reference + _ROUNDING)) / 2
        before, after = np.abs(ratio[:, :, _skin_cells()]).mean((1, 2))
        return float(before), float(after)


class Wax:
    """The diagnosis's wax signal: expected severity as single frames tell it."""

    def __init__(self, subject: Subject) -> None:
        self.frames = spread(subject.treatment.span, _SKIN_FRAMES)
        self._reader = subject.instruments.skin
        self.told: Told = {}

    @classmethod
    def beside_sound(cls, subject: Subject) -> Wax | None:
        """For faces with sound frames alone."""
        return cls(subject) if subject.anchors else None

    def push(self, before: Sight, after: Sight) -> None:
        told = self._reader.judge(np.stack([bands(_clipped(sight.pixels)) for sight in (before, after)]))
        self.told[before.frame] = [float(told[0]), float(told[1])]

    def read(self) -> Reading | None:
        return _means(in_order(self.told))


def in_order(told: Told) -> list[Any]:
    """What was told, frame after frame."""
    return [told[frame] for frame in sorted(told)]


def spread(span: Span, count: int) -> list[int]:
    """At most `count` frames of a span, evenly spread."""
    return np.unique(np.linspace(span.start, span.end - 1, min(count, len(span))).round().astype(int)).tolist()


def runs(span: Span) -> Collection[int]:
    """Frames of a span in runs that follow one another, evenly spread; all of them where it is short."""
    if len(span) <= _RUNS * _RUN_FRAMES:
        return range(span.start, span.end)
    starts = spread(Span(span.start, span.end - _RUN_FRAMES + 1), _RUNS)
    return [frame for start in starts for frame in range(start, start + _RUN_FRAMES)]


@lru_cache(maxsize=1)
def _mask() -> FaceMask:
    """Where the face is in every crop: they are aligned to one template."""
    return face_mask(np.asarray(align.FFHQ_TEMPLATE * _MASK_PX / align.TEMPLATE_PX, np.float32), _MASK_PX)


@lru_cache(maxsize=1)
def _skin_cells() -> NDArray[np.bool_]:
    """(GRID, GRID)."""
    return cv2.resize(_mask().weighted(0, 0), (GRID, GRID), interpolation=cv2.INTER_AREA) > _ON_SKIN


def _luma(pixels: NDArray[float32]) -> NDArray[float32]:
    """(_LUMA_PX, _LUMA_PX)."""
    grey = cv2.cvtColor(_clipped(pixels), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (_LUMA_PX, _LUMA_PX), interpolation=cv2.INTER_AREA), float32)


def _clipped(pixels: NDArray[float32]) -> NDArray[float32]:
    """As a picture can show them: a repair may overshoot white."""
    return np.clip(pixels, 0, 1).astype(float32, copy=False)


def _means(told: Iterable[Sequence[float]]) -> Reading | None:
    pairs = list(told)
    if not pairs:
        return None
    before, after = np.mean(pairs, axis=0)
    return float(before), float(after)
