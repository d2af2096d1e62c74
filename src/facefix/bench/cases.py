"""Which cases a folder of clean clips gives: single faults, mixtures of two, confusers, and clips left as they are.

`choose` draws a balanced set: however many cases are asked for, failure modes, severities, variants and confusers
come about equally often. `place` says where in a clip the faults of a case lie, `pictures` makes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from facefix.bench.clips import FACE_PX, CleanClip, Part
from facefix.bench.confusers import CONFUSERS
from facefix.bench.faults import COLLAPSED, FAULTS, VARIANTS
from facefix.types import Span

Kind = Literal["single", "mixture", "confuser", "clean"]

SEVERITIES = (0.3, 0.5, 0.6, 0.75, 0.9)
_TURN: tuple[Kind, ...] = (
    "single", "confuser", "single", "single", "clean", "single", "confuser", "single", "mixture", "single",
)  # fmt: skip
"""What ten cases in a row are."""
_SMALLER_PX = (160, 110)
"""Wax is looked for at several sizes of the face: what it takes away lies near the limit of what is seen at all."""
_MARGIN_FRAMES = 12
"""A fault of the whole clip has come before the first frame and goes after the last."""
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Dose:
    """One fault of a case."""

    variant: str
    """Name in `faults.VARIANTS`."""
    severity: float
    whole: bool = False
    """From the first frame to the last."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is done to a clip."""

    kind: Kind
    part: Part
    clip: Path
    seed: int
    doses: tuple[Dose, ...] = ()
    confuser: str | None = None
    """Name in `confusers.CONFUSERS`."""
    face_px: int = FACE_PX
    """Largest size of the face."""

    @property
    def name(self) -> str:
        """A few words for people."""
        parts = [f"{dose.variant} {dose.severity:g}{' all through' if dose.whole else ''}" for dose in self.doses]
        return f"{self.clip.stem}: {' + '.join(parts) or self.confuser or 'clean'}"


@dataclass(frozen=True, slots=True)
class Label:
    """A fault that was injected: the truth that findings are compared with."""

    variant: str
    severity: float
    span: Span
    """Frames as given to the injector; may begin before the clip and end after it."""

    @property
    def mode(self) -> str:
        """Failure mode, or `faults.COLLAPSED`."""
        return VARIANTS[self.variant].mode

    def curve(self, frames: int) -> NDArray[np.float64]:
        """(frames,) the fault's severity in each frame of the clip, 0 outside its span."""
        curve = np.zeros(frames)
        first, last = max(0, self.span.start), min(frames, self.span.end)
        inside = VARIANTS[self.variant].envelope(self.span)[first - self.span.start : last - self.span.start]
        curve[first:last] = self.severity * inside
        return curve

    def frames(self, frames: int) -> NDArray[np.bool_]:
        """(frames,) whether a frame of the clip lies in the span."""
        inside = np.zeros(frames, bool)
        inside[max(0, self.span.start) : max(0, self.span.end)] = True
        return inside


def choose(clips: Mapping[Part, Sequence[Path]], count: int, seed: int = 0) -> tuple[Case, ...]:
    """Draw `count` cases; a longer draw begins with the same cases as a shorter one.

    Parts take turns. Each kind has its own order of a part's clips, so that every clip meets every kind before one
    meets it twice.

    Args:
        clips: `clips.clips_of`; no part of it is empty.
    """
    rng = np.random.default_rng([seed, 41])
    parts = sorted(clips)
    names = [str(name) for name in rng.permutation(sorted(CONFUSERS))]
    modes = [str(mode) for mode in rng.permutation([*sorted(FAULTS), COLLAPSED])]
    pairs = list(combinations(sorted(FAULTS), 2))
    pairs = [pairs[i] for i in rng.permutation(len(pairs))]
    orders = {(kind, part): rng.permutation(len(clips[part])) for kind in sorted(set(_TURN)) for part in parts}
    cases = []
    for i in range(count):
        kind = _TURN[i % len(_TURN)]
        k = sum(case.kind == kind for case in cases)
        # Shifted by one in every round, lest an even number of confusers or pairs always meets the same part.
        period = {"confuser": len(names), "mixture": len(pairs)}.get(kind, 5)
        part = parts[(k + (k // period if period % 2 == 0 else 0)) % len(parts)]
        met = sum(case.kind == kind and case.part == part for case in cases)
        order = orders[kind, part]
        # Likewise for the clips: five of them must not always meet the same five modes.
        clip = clips[part][order[(met + met // len(order)) % len(order)]]
        own = 1000 * seed + i
        if kind == "single":
            dose, face_px = _single(k, modes)
            cases.append(Case(kind, part, clip, own, (dose,), face_px=face_px))
        elif kind == "mixture":
            severity = SEVERITIES[1 + k % (len(SEVERITIES) - 1)]
            doses = tuple(Dose(_ways(mode)[k % len(_ways(mode))][0], severity) for mode in pairs[k % len(pairs)])
            cases.append(Case(kind, part, clip, own, doses))
        else:
            cases.append(Case(kind, part, clip, own, confuser=names[k % len(names)] if kind == "confuser" else None))
    return tuple(cases)


def _single(k: int, modes: Sequence[str]) -> tuple[Dose, int]:
    """The k-th single fault: a Latin square of modes and severities, the ways of a mode taking turns."""
    column, row = k % len(modes), k // len(modes)
    ways = _ways(modes[column])
    # Two is prime to five: five in a row have five severities, and so have the five rounds of a mode.
    severity = SEVERITIES[(row + 2 * column) % len(SEVERITIES)]
    variant, whole, face_px = ways[row % len(ways)]
    return Dose(variant, severity, whole), face_px


def _ways(mode: str) -> list[tuple[str, bool, int]]:
    """(variant, whole clip, face px) in which a mode is injected; their number is never a multiple of five."""
    ways = [(name, False, FACE_PX) for name, fault in VARIANTS.items() if fault.mode == mode]
    if mode == "waxy":
        name = ways[0][0]
        ways += [(name, True, FACE_PX), (name, False, _SMALLER_PX[0]), (name, True, _SMALLER_PX[1])]
    return ways


def place(case: Case, clip: CleanClip) -> tuple[Label, ...]:
    """Where the faults of a case lie: drawn from its seed, as long as its mode lasts, where the face is seen."""
    rng = np.random.default_rng([case.seed, 42])
    return tuple(Label(dose.variant, dose.severity, _span(dose, clip, rng)) for dose in case.doses)


def pictures(case: Case, clip: CleanClip, labels: Sequence[Label]) -> Iterator[NDArray[np.uint8]]:
    """(H, W, 3) uint8 RGB frames of the case, streaming."""
    points = clip.points_at(case.face_px)
    frames = clip.pictures(case.face_px)
    for number, label in enumerate(labels):
        frames = VARIANTS[label.variant].inject(frames, points, label.severity, 10 * case.seed + number, label.span)
    if case.confuser is not None:
        confuser = CONFUSERS[case.confuser]
        rng = np.random.default_rng([case.seed, 43])
        span = Span(0, clip.frames) if confuser.whole else _anywhere(clip, rng, 1.0, 2.5)
        frames = confuser.inject(frames, points, case.seed, span)
    return frames


def _span(dose: Dose, clip: CleanClip, rng: np.random.Generator) -> Span:
    mode, seen, rate = VARIANTS[dose.variant].mode, clip.present, float(clip.rate)
    if dose.whole:
        return Span(-_MARGIN_FRAMES, clip.frames + _MARGIN_FRAMES)
    if mode == "drift":
        # What has changed stays so: to the end of the clip. A slow change takes two seconds at least.
        before, after = (0.5, 1.0) if dose.variant == "drift-step" else (0.2, 2.0)
        first, last = seen.start + round(before * rate), seen.end - round(after * rate)
        return Span(int(rng.integers(first, last + 1)) if last >= first else seen.start, clip.frames)
    if mode == "warp":
        length = min(int(rng.integers(4, 31)), len(seen))
        starts = rng.integers(seen.start, seen.end - length + 1, _TRIES)
        # Generators lose the face in turns and fast motion: of some places, the one where it moves most.
        return max((Span(int(s), int(s) + length) for s in starts), key=lambda span: _motion(clip, span))
    shortest, longest = (0.4, 1.5) if mode == COLLAPSED else (0.5, 2.0)
    return _anywhere(clip, rng, shortest, longest)


def _anywhere(clip: CleanClip, rng: np.random.Generator, shortest_s: float, longest_s: float) -> Span:
    seen = clip.present
    length = min(len(seen), max(1, round(rng.uniform(shortest_s, longest_s) * float(clip.rate))))
    start = int(rng.integers(seen.start, seen.end - length + 1))
    return Span(start, start + length)


def _motion(clip: CleanClip, span: Span) -> float:
    """How much the points move against each other and altogether, px a frame."""
    moved = np.abs(np.diff(clip.points[span.start : span.end], axis=0))
    return float(np.nanmean(moved)) if np.isfinite(moved).any() else 0.0
