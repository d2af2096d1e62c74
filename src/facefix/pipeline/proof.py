"""Proof of a repair: the render measures every treated face before and after the cure, and says what came of it.

Each mode is measured by what it is about. What lies within a measure's own noise is called not improved and kept; what is worse
than that is harm, and taken back (`pipeline.rollback`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from facefix.pipeline.gauges import Gauge, Instruments, Likeness, Subject, TextureDistance, Unsteadiness, Wax
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

    Twice the largest change that was seen when crops (256 px) of 24 stretches of real and 10 of generated clips, 7 to 48 frames
    each, were moved by a quarter of a pixel or rounded anew to 8 bits: 0.005 of identity, 0.013 % or 0.9 % of itself of
    unsteadiness, 0.025 of texture, 0.035 of wax. (Encoding with x264 at CRF 18, which nobody sees, costs up to 0.017, 0.044 %,
    0.08 and, in one stretch, 0.22.)
    """

    def tolerance(self, before: float) -> float:
        return max(self.noise, self.share * before)


_IDENTITY = Measure("identity distance", "", Likeness.start, noise=0.01)
_STEADINESS = Measure("unsteadiness", " %", Unsteadiness.start, noise=0.03, share=0.02)
_TEXTURE = Measure("texture distance", "", TextureDistance.start, noise=0.05)
_WAX = Measure("wax", "", Wax, noise=0.07)

MEASURES: Mapping[str, Sequence[Measure]] = MappingProxyType(
    {"warp": (_IDENTITY,), "drift": (_IDENTITY,), "flicker": (_STEADINESS,), "waxy": (_TEXTURE, _WAX)}
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
class Verdict:
    """A treatment and what its measure said."""

    treatment: Treatment
    measure: Measure | None
    before: float = 0.0
    after: float = 0.0

    @property
    def worse(self) -> bool:
        return self.measure is not None and self.after > self.before + self.measure.tolerance(self.before)

    @property
    def improved(self) -> bool:
        return self.measure is not None and self.after < self.before - self.measure.tolerance(self.before)

    def proof(self, kept: bool) -> Proof:
        """kept: whether the treatment is in the result."""
        t, m = self.treatment, self.measure
        bare = Proof(t.track, t.mode, t.span, None, None, None, False, kept, self._sentence(kept))
        return (
            bare if m is None else replace(bare, measure=m.name, before=self.before, after=self.after, improved=self.improved)
        )

    def _sentence(self, kept: bool) -> str:
        t, m = self.treatment, self.measure
        where = f"Frames {t.span.start}-{t.span.end}: {t.mode}"
        if m is None:
            return (
                f"{where} repaired, not measured: there is too little of the face to measure by."
                if kept
                else (f"{where} left as it was, for repairs beside it did harm.")
            )
        change = f"{m.name} {self.before:.2f} -> {self.after:.2f}{m.unit}"
        if kept:
            return f"{where} repaired, {'' if self.improved else 'not improved: '}{change}."
        why = "the repair made it worse" if self.worse else "repairs beside it did harm"
        return f"{where} left as it was, for {why} ({change})."


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
        self._watched: list[tuple[Treatment, Measure | None, Gauge | None, frozenset[int]]] = []
        for treatment in treatments:
            measure, gauge = _chosen(Subject(treatment, anchors, samples, instruments))
            frames = frozenset(gauge.frames if gauge else ())
            self._watched.append((treatment, measure, gauge, frames))

    def see(self, mode: str, before: Sight, after: Sight) -> None:
        """A `repair.face.Witness`."""
        for treatment, _, gauge, frames in self._watched:
            if gauge is not None and treatment.mode == mode and before.frame in frames:
                gauge.push(before, after)

    def verdicts(self) -> list[Verdict]:
        """One per treatment, after the last frame."""
        told = []
        for treatment, measure, gauge, _ in self._watched:
            reading = gauge.read() if gauge is not None else None
            told.append(Verdict(treatment, None) if reading is None else Verdict(treatment, measure, *reading))
        return told


def _chosen(subject: Subject) -> tuple[Measure | None, Gauge | None]:
    """The first measure of the mode that can be taken."""
    for measure in MEASURES.get(subject.treatment.mode, ()):
        gauge = measure.start(subject)
        if gauge is not None:
            return measure, gauge
    return None, None
