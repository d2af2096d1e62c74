"""Lines of text for people: plain ASCII but for names, columns aligned, 120 characters wide where words allow."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from facefix.report import timecode
from facefix.report.advice import advice, cure
from facefix.types import Analysis, Diagnosis, Finding, Judgement

if TYPE_CHECKING:
    from facefix.pipeline import Profile, Report
    from facefix.pipeline.profiling import Spent

WIDTH = 120
_LEAST_REASON = 30
_BAR = 5
_GAP = "  "


def lines(analysis: Analysis) -> Iterator[str]:
    """A clip's diagnosis: a head line, a table per face, the verdict."""
    clip = analysis.clip
    width, height = clip.video.display_size
    rate = f"{float(clip.video.rate):g} fps" if clip.video.rate else "unknown rate"
    yield f"{clip.path}: {analysis.frames} frames, {width}x{height}, {rate}, {_count(len(analysis.shots), 'shot')}"
    yield from wrapped("  ", f"generator: {analysis.generator.name}; {analysis.generator.why}")
    for warning in analysis.warnings:
        yield f"  ! {warning}"
    for diagnosis in analysis.diagnoses:
        yield from _face(diagnosis, clip.video.rate)
    for sentence in advice(analysis):
        yield from wrapped("  ", f"advice: {sentence}")
    yield from verdict_lines(analysis.judgement, clip.video.rate)


def verdict_lines(judgement: Judgement, rate: Fraction | None) -> Iterator[str]:
    """The verdict on a clip, with what to generate anew."""
    yield from wrapped("  ", f"verdict: {_advice(judgement, rate)}")


def finding_rows(
    findings: Sequence[Finding], rate: Fraction | None, note: Callable[[Finding], str] = lambda finding: ""
) -> Iterator[str]:
    """A table: mode, frames, time codes, severity as bar and number, the reason with a note under it.

    note: what to say under a finding's reason.
    """
    head = ("mode", "frames", "time code", "severity")
    rows = [(f.mode, timecode.frames(f.span), timecode.times(f.span, rate), bar(f.severity)) for f in findings]
    widths = [max(map(len, column)) if any(column[1:]) else 0 for column in zip(head, *rows, strict=True)]
    yield _joined(head, widths) + _GAP + "reason"
    indent = len(_joined(head, widths)) + len(_GAP)
    for row, finding in zip(rows, findings, strict=True):
        room = max(_LEAST_REASON, WIDTH - indent - 4)
        reason = [part for text in (finding.why, note(finding)) for part in textwrap.wrap(text, room, break_on_hyphens=False)]
        yield _joined(row, widths) + _GAP + reason[0]
        yield from (" " * indent + part for part in reason[1:])


def bar(severity: float) -> str:
    """`[####.] 0.72`."""
    filled = round(severity * _BAR)
    return f"[{'#' * filled}{'.' * (_BAR - filled)}] {severity:.2f}"


def summary(report: Report) -> str:
    """What a render did, in one line."""
    if report.faces == 0:
        done = "no face found"
    elif report.copied or not report.repaired_frames:
        done = "nothing to repair" if not report.untreated else "nothing this version can repair"
    else:
        done = f"repaired {report.repaired_frames} of {report.frames} frames"
    if report.upscaler is not None:
        done += f", enlarged {report.scale}x to {report.size[0]}x{report.size[1]} by {report.upscaler}"
    how = "copied without re-encoding" if report.copied else "written"
    others = (("comparison in", report.compare), ("page:", report.page))
    extra = "".join(f", {what} {path}" for what, path in others if path)
    extra += f", {len(report.stills)} stills beside it" if report.stills else ""
    return f"{report.clip}: {done}; {how} to {report.out}{extra} [{report.seconds:.1f} s]"


def details(report: Report) -> Iterator[str]:
    """What the user should know of a render: its warnings, then for each face its findings, those that were left alone marked,
    and what came of its repairs."""
    for warning in report.warnings:
        yield f"  ! {warning}"
    for track in dict.fromkeys([*(f.track for f in report.findings), *(p.track for p in report.proofs)]):
        yield f"  face {track}"
        findings = [f for f in report.findings if f.track == track]
        if findings:
            for row in finding_rows(findings, report.rate, lambda f: "(left as it is)" if f in report.untreated else ""):
                yield f"    {row}"
        for proof in (p for p in report.proofs if p.track == track):
            yield from wrapped("    " if proof.kept else "    ! ", proof.sentence)
    if report.verdict == "regenerate":
        yield from wrapped("  ", f"advice: {_advice(report.judgement, report.rate)}")


def profile_lines(profile: Profile) -> Iterator[str]:
    """How long each stage took: what it did, at which share of the clock it was at work, and how fast it would be alone."""
    head = ("stage", "items", "seconds", "of the time", "a second")
    rows = [
        (stage, str(spent.items), f"{spent.seconds:.2f}", f"{spent.seconds / profile.wall_s:.0%}", _rate(spent))
        for stage, spent in profile.stages.items()
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        yield "  " + _GAP.join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
    yield f"  {profile.wall_s:.2f} s by the clock; stages run side by side, so their shares may come to more than all of it."


def _rate(spent: Spent) -> str:
    return f"{spent.items / spent.seconds:.1f}" if spent.items and spent.seconds else ""


def _face(diagnosis: Diagnosis, rate: Fraction | None) -> Iterator[str]:
    track, judgement = diagnosis.track, diagnosis.judgement
    yield f"  face {track.id}: frames {timecode.frames(track.span)}, shot {track.shot}, {diagnosis.median_face_px:.0f} px"
    if diagnosis.character_why:
        yield from wrapped("    ", f"{diagnosis.character or 'no character'}: {diagnosis.character_why}")
    if diagnosis.findings:
        for row in finding_rows(diagnosis.findings, rate, lambda finding: _cure(finding, judgement)):
            yield f"    {row}"
    yield from wrapped("    ", _advice(judgement, rate))


def _cure(finding: Finding, judgement: Judgement) -> str:
    advised = cure(finding, judgement)
    return f"-> {advised}" if advised else ""


def _advice(judgement: Judgement, rate: Fraction | None) -> str:
    """A judgement in one sentence."""
    if judgement.verdict != "regenerate":
        return f"{judgement.verdict}: {judgement.reason}"
    spans = [timecode.frames(span) + (f" ({timecode.times(span, rate)})" if rate else "") for span in judgement.regenerate]
    return f"regenerate this shot, frames {', '.join(spans)}: {judgement.reason}"


def _joined(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True) if width)


def wrapped(indent: str, text: str) -> Iterator[str]:
    """The text in lines of `WIDTH`, those behind the first indented further."""
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False, break_on_hyphens=False
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
