"""A look before the long run: the worst seconds of a clip, repaired, as a comparison; and what the whole would take."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facefix import files
from facefix.errors import OutputError
from facefix.media import probe
from facefix.pipeline.analysing import analyse, plan
from facefix.pipeline.progress import Progress, fps, silent
from facefix.pipeline.rendering import render
from facefix.plan import Plan, Treatment
from facefix.repair.cures import curable
from facefix.settings import Settings
from facefix.types import Analysis, ClipInfo, Finding, Span

WORST_S = 3.0
_WHOLE_S = 24.0
"""Clips up to this long are looked at in full."""
_PARTS, _PART_S = 6, 4.0
"""Of longer ones so many parts, evenly spread; each as long as a finding needs to show."""


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """What a preview showed."""

    out: Path | None
    """The comparison; None: there was nothing to repair, and none was written."""
    span: Span
    """Frames of the clip that it shows."""
    findings: tuple[Finding, ...]
    """In those frames."""
    looked_at: int
    """Frames that were analysed."""
    frames: int
    """Of the clip, as far as known."""
    whole_s: float
    """What the whole run would take, seconds, by what this part took."""


def preview(path: Path, out: Path, settings: Settings, *, overwrite: bool = False, progress: Progress = silent) -> Preview:
    """Find the worst three seconds of a clip, repair them, and write before and after as one clip.

    Raises:
        FacefixError: as `repair`.
    """
    clip = probe.probe(path)
    files.check_output(path, out, overwrite=overwrite)
    began = time.monotonic()
    looks = [analyse(path, replace(settings, range=part), progress=progress) for part in _parts(clip, settings.range)]
    looking_s = time.monotonic() - began
    looked_at, frames = sum(len(look.span) for look in looks), looks[0].frames
    asked = sum(len(look.span) for look in looks) if settings.range else frames
    analysis, span = max(((look, worst(look, round(WORST_S * fps(clip)))) for look in looks), key=lambda pair: _weight(*pair))
    whole_s = looking_s * asked / looked_at
    if _weight(analysis, span) == 0:
        return Preview(None, span, (), looked_at, frames, whole_s)
    plans = [plan(look, settings) for look in looks]
    part = cut(plan(analysis, settings), span)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=".facefix-preview-", dir=out.parent) as folder:
        made = Path(folder) / f"preview{out.suffix}"
        shown = replace(settings, compare=True, frames=())
        render(part, made, clip=path, settings=shown, progress=progress)
        _move(files.compare_path(made), out)
    rendering_s = time.monotonic() - began
    mended, in_all = _treated(part.treatments), sum(_treated(one.treatments) for one in plans) * asked / looked_at
    whole_s += rendering_s * in_all / max(1, mended)
    findings = tuple(f for d in analysis.diagnoses for f in d.findings if f.span.start < span.end and span.start < f.span.end)
    return Preview(out, span, findings, looked_at, frames, whole_s)


def worst(analysis: Analysis, length: int) -> Span:
    """The `length` frames of what was analysed in which faces suffer most from what can be repaired."""
    ill = np.cumsum(np.concatenate([[0.0], _illness(analysis)]))
    length = min(length, len(analysis.span))
    sums = ill[length:] - ill[:-length]
    # Of equals the middle one: a fault is best judged with what is around it.
    best = np.flatnonzero(sums >= sums.max() - 1e-9)
    start = analysis.span.start + int(best[len(best) // 2])
    return Span(start, start + length)


def cut(whole: Plan, span: Span) -> Plan:
    """The plan for a part of its frames; anchors stay those of the whole."""
    treatments = [replace(t, span=Span(max(t.span.start, span.start), min(t.span.end, span.end))) for t in whole.treatments]
    return replace(whole, span=span, treatments=tuple(t for t in treatments if len(t.span)))


def _illness(analysis: Analysis) -> np.ndarray:
    """(frames analysed,) the severity of the worst finding with a cure."""
    ill = np.zeros(len(analysis.span))
    for finding in (f for d in analysis.diagnoses for f in d.findings if curable(f)):
        part = slice(max(0, finding.span.start - analysis.span.start), max(0, finding.span.end - analysis.span.start))
        ill[part] = np.maximum(ill[part], finding.severity)
    return ill


def _weight(analysis: Analysis, span: Span) -> float:
    return float(_illness(analysis)[span.start - analysis.span.start : span.end - analysis.span.start].sum())


def _treated(treatments: Sequence[Treatment]) -> int:
    return sum(len(treatment.span) for treatment in treatments)


def _parts(clip: ClipInfo, asked: str | None) -> list[str | None]:
    """Ranges to look at."""
    length_s = float(clip.video.duration_s or clip.duration_s or 0)
    if asked is not None or length_s <= _WHOLE_S:
        return [asked]
    starts = np.linspace(0, length_s - _PART_S, _PARTS)
    return [f"{start:.2f}s-{start + _PART_S:.2f}s" for start in starts]


def _move(made: Path, out: Path) -> None:
    try:
        made.replace(out)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error.strerror}).") from error
