"""What is to be marked on an editor's timeline: a clip's findings, and its frames to generate anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from facefix.report import timecode
from facefix.report.severity import word
from facefix.types import Analysis, ClipInfo, Finding, Judgement, Span

if TYPE_CHECKING:
    from facefix.pipeline import Report
    from facefix.plan import Treatment

REGENERATE = "regenerate"
COLOURS = {
    "warp": "RED",
    "drift": "MAGENTA",
    "flicker": "YELLOW",
    "waxy": "CYAN",
    "collapsed": "BLUE",
    REGENERATE: "GREEN",
}
"""By mode, of those that Avid's, Adobe's and Blackmagic's markers all have."""
OTHER_COLOUR = "WHITE"
_USUAL_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class Mark:
    """A marker."""

    kind: str
    """A failure mode, or `REGENERATE`."""
    name: str
    span: Span
    """Frames of the marked clip, its first being 0."""
    comment: str

    @property
    def colour(self) -> str:
        """Its name, in capitals."""
        return COLOURS.get(self.kind, OTHER_COLOUR)


@dataclass(frozen=True, slots=True)
class Marked:
    """A clip and the markers on it."""

    clip: Path
    frames: int
    rate: Fraction
    """Frames per second, exactly NTSC's where it is nearly so."""
    start: str | None
    """Time code of its first frame, as the container has it; None: it has none."""
    marks: tuple[Mark, ...]


def of_analysis(analysis: Analysis) -> Marked:
    """The source clip with its findings."""
    findings = [finding for diagnosis in analysis.diagnoses for finding in diagnosis.findings]
    marks = (*map(_mark, findings), *_anew(analysis.judgement))
    return _marked(analysis.clip, analysis.frames, marks)


def of_report(report: Report, result: ClipInfo, planned: Sequence[Treatment] = ()) -> Marked:
    """The result of a render, with what was found in it and what came of that.

    result: its file. planned: treatments of the plan that was rendered, where nothing was looked for.
    """

    def after(finding: Finding) -> str:
        told = [
            p.sentence
            for p in report.proofs
            if (p.track, p.mode) == (finding.track, finding.mode) and _meet(p.span, finding.span)
        ]
        return " ".join([finding.why, *(told or ["Left as it is." if finding in report.untreated else "Repaired."])])

    found = report.findings or [Finding(t.mode, t.track, t.span, t.severity, t.why) for t in planned]
    marks = [*(_mark(finding, after) for finding in found), *_anew(report.judgement)]
    part = Span(report.first, report.first + report.frames)
    return _marked(result, report.frames, [moved for mark in marks if (moved := _within(mark, part)) is not None])


def _marked(clip: ClipInfo, frames: int, marks: Iterable[Mark]) -> Marked:
    rate = timecode.exact(clip.video.rate or _USUAL_RATE)
    start = next((text for name, text in clip.origin.tags if name == "timecode"), None)
    return Marked(clip.path, frames, rate, start, tuple(sorted(marks, key=lambda m: (m.span.start, m.name))))


def _mark(finding: Finding, comment: Callable[[Finding], str] = lambda finding: finding.why) -> Mark:
    name = f"{finding.mode} {finding.severity:.2f} ({word(finding.severity)}), face {finding.track}"
    return Mark(finding.mode, name, finding.span, comment(finding))


def _anew(judgement: Judgement) -> list[Mark]:
    return [Mark(REGENERATE, "regenerate these frames", span, judgement.reason) for span in judgement.regenerate]


def _within(mark: Mark, part: Span) -> Mark | None:
    """The mark in frames of a part of its clip; None where none of it lies there."""
    span = Span(max(mark.span.start, part.start) - part.start, min(mark.span.end, part.end) - part.start)
    return Mark(mark.kind, mark.name, span, mark.comment) if len(span) else None


def _meet(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
