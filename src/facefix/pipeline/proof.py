"""Proof of a repair: the render measures every treated face before and after the cure, and says what came of it.

Each mode is measured by what it is about. What makes its measure worse by more than the measure's own noise is harm; what does
not make it better by as much is worth nothing, if the measure sees all that the repair is for. Both are taken back
(`pipeline.rollback`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from facefix.pipeline.gauges import Gauge, Instruments, Likeness, Subject, TextureDistance, Unsteadiness, Wax
from facefix.pipeline.profiling import clocked
from facefix.plan import Treatment
from facefix.repair.cures import Sight
from facefix.types import Span


@dataclass(frozen=True, slots=True)
class Measure:
    """How the repair of a mode is judged; lower is better."""

    name: str
    unit: str
    start: Callable[[Subject], Gauge | None]
    """None where the face gives nothing to measure by."""
    noise: float
    share: float = 0.0
    """Change that means nothing: `noise`, or that share of the value before where it is more.

    Twice the largest change that was seen when crops (256 px) of 18 stretches of real and 10 of generated clips, 7 to 48 frames
    each, were moved by a quarter of a pixel or rounded anew to 8 bits: 0.005 of identity, 0.013 % or 0.9 % of itself of
    unsteadiness, 0.025 of texture, 0.035 of wax. (Encoding with x264 at CRF 18, which nobody sees, costs up to 0.017, 0.044 %,
    0.08 and, in one stretch, 0.22.)
    """
    decisive: bool = True
    """Whether a repair that it does not see is worth nothing."""
    guard: bool = False
    """Whether it tells of harm only: what is no worse by it is judged by the next measure."""
    least: float = 0.0
    """Before, from which on it can show that something is better; of less, unless it is harm, the next measure tells."""

    def tolerance(self, before: float) -> float:
        return max(self.noise, self.share * before)


_IDENTITY = Measure("identity distance", "", Likeness.start, noise=0.01)
_STEADINESS = Measure("unsteadiness", " %", Unsteadiness.start, noise=0.03, share=0.02, decisive=False)
# Nobody may become like himself at the price of jittering: a tenth is what is allowed beside the truth of a clip, too.
_CALM = replace(_STEADINESS, share=0.1, guard=True)
_TEXTURE = Measure("texture distance", "", TextureDistance.start, noise=0.05, least=0.1)
# Where the frames called sound are as waxy as those to be repaired, as in generated clips, texture has nothing to show.
_WAX_BESIDE = Measure("wax", "", Wax.beside_sound, noise=0.07)
# A repair at the default strength of skin that was made waxy by 0.9 moved it by 0.05, where texture came from 0.60 to 0.18.
_WAX = Measure("wax", "", Wax, noise=0.07, decisive=False)

MEASURES: Mapping[str, Sequence[Measure]] = MappingProxyType(
    {
        "collapsed": (_IDENTITY,),
        "warp": (_IDENTITY,),
        "drift": (_CALM, _IDENTITY),
        "flicker": (_STEADINESS,),
        "waxy": (_TEXTURE, _WAX_BESIDE, _WAX),
    }
)
"""By mode, best first: the first that has something to measure by counts."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of one treatment."""

    track: int
    mode: str
    span: Span
    measure: str | None
    """Its name; None, as are the numbers, where nothing could be measured."""
    before: float | None
    after: float | None
    """Lower is better."""
    improved: bool
    """By more than the measure's noise."""
    kept: bool
    """False: taken back."""
    sentence: str
    """For the user."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A treatment and what its measure said."""

    treatment: Treatment
    measure: Measure | None
    """None where nothing could be measured."""
    before: float = 0.0
    after: float = 0.0
    touched: bool = True
    """Whether the cure changed any frame of the treatment: strength fades out where a face is hard to see."""

    @property
    def worse(self) -> bool:
        return self.measure is not None and self.after > self.before + self.measure.tolerance(self.before)

    @property
    def improved(self) -> bool:
        return self.measure is not None and self.after < self.before - self.measure.tolerance(self.before)

    @property
    def idle(self) -> bool:
        """Whether it changed the face and made it neither better nor worse, as far as that can be told."""
        seen = self.measure is not None and self.measure.decisive and self.touched
        return seen and not self.improved and not self.worse

    def proof(self, kept: bool) -> Proof:
        """kept: whether the treatment is in the result."""
        t = self.treatment
        bare = Proof(t.track, t.mode, t.span, None, None, None, False, kept, self._sentence(kept))
        if self.measure is None:
            return bare
        return replace(bare, measure=self.measure.name, before=self.before, after=self.after, improved=self.improved)

    def _sentence(self, kept: bool) -> str:
        t, m = self.treatment, self.measure
        what = f"Frames {t.span.start}-{t.span.end}: {t.mode}"
        change = f"{m.name} {self.before:.2f} -> {self.after:.2f}{m.unit}" if m else "not measured"
        if not kept:
            harm = "the repair made it worse" if self.worse else "repairs beside it did harm"
            why = "the repair made it no better" if self.idle else harm
            return f"{what} left as it was, for {why} ({change})."
        if not self.touched:
            return f"{what} left as it was, for the face is too small, turned too far or hardly seen."
        if m is None:
            return f"{what} repaired, {change}: the clip shows too little of the face for that."
        return f"{what} repaired, {'' if self.improved else 'not improved: '}{change}."


class _Watched:
    """A treatment under measurement."""

    def __init__(self, subject: Subject) -> None:
        self.treatment = subject.treatment
        self._touched: set[int] = set()
        self._gauges = _started(subject)

    def see(self, before: Sight, after: Sight) -> None:
        if before.frame in self.treatment.span:
            self._touched.add(before.frame)
        for _, gauge, frames in self._gauges:
            if before.frame in frames:
                gauge.push(before, after)

    def told(self, span: Span) -> dict[str, Any]:
        gauged = [[[frame, g.told[frame]] for frame in sorted(g.told) if frame in span] for _, g, _ in self._gauges]
        return {"touched": sorted(frame for frame in self._touched if frame in span), "gauged": gauged}

    def forget(self, before: int) -> None:
        """What was seen of earlier frames only served the gauges to look back at."""
        self._touched = {frame for frame in self._touched if frame >= before}
        for _, gauge, _ in self._gauges:
            for frame in [frame for frame in gauge.told if frame < before]:
                del gauge.told[frame]

    def recall(self, told: Mapping[str, Any]) -> None:
        self._touched |= set(told["touched"])
        for (_, gauge, _), gauged in zip(self._gauges, told["gauged"], strict=True):
            gauge.told.update((frame, value) for frame, value in gauged)

    def result(self) -> Measured:
        """By the first measure that can show something, or shows harm; by the first that was taken where none can."""
        bare = Measured(self.treatment, None, touched=bool(self._touched))
        taken = [replace(bare, measure=m, before=r[0], after=r[1]) for m, g, _ in self._gauges if (r := g.read()) is not None]
        taken = [one for one in taken if one.measure is not None and (one.worse or not one.measure.guard)]
        telling = [one for one in taken if one.measure is not None and (one.before >= one.measure.least or one.worse)]
        return next(iter([*telling, *taken]), bare)


class Exam:
    """Watches the repair of one face and measures its treatments."""

    def __init__(
        self,
        treatments: Sequence[Treatment],
        anchors: tuple[Sight, ...],
        samples: Collection[int],
        instruments: Instruments,
    ) -> None:
        """treatments: those of one track that are to be measured. anchors, samples: see `gauges.Subject`."""
        self._watched = [_Watched(Subject(treatment, anchors, samples, instruments)) for treatment in treatments]

    def see(self, mode: str, before: Sight, after: Sight) -> None:
        """A `repair.face.Witness`."""
        with clocked("measuring repairs"):
            for one in self._watched:
                if one.treatment.mode == mode:
                    one.see(before, after)

    def told(self, span: Span) -> list[dict[str, Any]]:
        """What was measured in some frames, per treatment, as JSON can hold it without loss."""
        return [one.told(span) for one in self._watched]

    def recall(self, told: Sequence[Mapping[str, Any]]) -> None:
        """Take in what an exam of the same treatments has `told` before."""
        for one, said in zip(self._watched, told, strict=True):
            one.recall(said)

    def forget(self, before: int) -> None:
        """Drop what was measured before a frame; gauges still look back at it."""
        for one in self._watched:
            one.forget(before)

    def results(self) -> list[Measured]:
        """One per treatment, after the last frame."""
        return [one.result() for one in self._watched]


def _started(subject: Subject) -> list[tuple[Measure, Gauge, frozenset[int]]]:
    """The measures of the mode that can be taken, best first, their gauges, and the frames these want to see; none after the
    first that can always tell."""
    started = []
    for measure in MEASURES.get(subject.treatment.mode, ()):
        gauge = measure.start(subject)
        if gauge is not None:
            started.append((measure, gauge, frozenset(gauge.frames)))
            if not measure.least and not measure.guard:
                break
    return started
