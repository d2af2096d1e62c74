"""Lines of text for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from facefix.types import Analysis, Finding

if TYPE_CHECKING:
    from facefix.pipeline import Report

_BAR = 5


def lines(analysis: Analysis) -> Iterator[str]:
    """A clip's diagnosis: a head line, a line per face, a line per finding."""
    clip = analysis.clip
    width, height = clip.video.display_size
    rate = f"{float(clip.video.rate):g} fps" if clip.video.rate else "unknown rate"
    yield f"{clip.path}: {analysis.frames} frames, {width}x{height}, {rate}, {_count(len(analysis.shots), 'shot')}"
    for warning in analysis.warnings:
        yield f"  ! {warning}"
    if not analysis.diagnoses:
        yield "  no face found"
    for d in analysis.diagnoses:
        span = d.track.span
        yield (
            f"  face {d.track.id}: frames {span.start}-{span.end}, shot {d.track.shot}, {d.median_face_px:.0f} px: {d.verdict}"
        )
        for finding in d.findings:
            yield f"    {finding_line(finding)}"
    yield f"  verdict: {analysis.verdict}"


def finding_line(finding: Finding) -> str:
    """One finding: mode, frames, severity bar, the reason."""
    filled = round(finding.severity * _BAR)
    bar = "#" * filled + "." * (_BAR - filled)
    frames = f"{finding.span.start}-{finding.span.end}"
    return f"{finding.mode:<8} {frames:>11}  [{bar}] {finding.severity:.2f}  {finding.why}"


def summary(report: Report) -> str:
    """What a render did, in one line."""
    if report.faces == 0:
        done = "no face found"
    elif report.copied or not report.repaired_frames:
        done = "nothing to repair" if not report.untreated else "nothing this version can repair"
    else:
        done = f"repaired {report.repaired_frames} of {report.frames} frames"
    how = "copied without re-encoding" if report.copied else "written"
    extra = f", comparison in {report.compare}" if report.compare else ""
    return f"{report.clip}: {done}; {how} to {report.out}{extra} [{report.seconds:.1f} s]"


def details(report: Report) -> Iterator[str]:
    """What the user should know of a render: its warnings, then its findings, those that were left alone marked."""
    for warning in report.warnings:
        yield f"  ! {warning}"
    untreated = Counter((f.track, f.mode, f.span) for f in report.untreated)
    for finding in report.findings:
        left = "  (left as it is)" if untreated[(finding.track, finding.mode, finding.span)] else ""
        yield f"  face {finding.track}: {finding_line(finding)}{left}"
    if report.verdict == "regenerate":
        yield "  advice: regenerate this shot; some frames are past saving."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
