"""The page of one clip: what is wrong with its faces, what was done about it, and the pictures that show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facefix.report import timecode
from facefix.report.advice import advice, cure
from facefix.report.html import words
from facefix.report.html.rendering import page, picture
from facefix.report.signals import GROUPS, shown
from facefix.types import Analysis, Diagnosis, Finding, Span


@dataclass(frozen=True, slots=True)
class Views:
    """The footage that lies beside the page."""

    address: str
    """Relative to the page."""
    count: int
    """1: before; 2: before above after."""
    size: tuple[int, int]
    """(width, height) of one, pixels."""
    scale: tuple[float, float]
    """Source pixels to its pixels."""
    times: Sequence[float]
    """Seconds at which its frames begin."""


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A face in one frame, before and after."""

    track: int
    frame: int
    caption: str
    mode: str | None
    """Of the finding it is the worst frame of."""
    before: bytes
    """JPEG, square."""
    after: bytes | None
    mesh_before: NDArray[np.float32] | None
    """(N, 2) shares of the picture's side; None where no mesh is believed."""
    mesh_after: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """All that the page of a clip shows."""

    analysis: Analysis
    outcome: Mapping[str, Any] | None
    """As `schema.outcome` has it; None: the clip was only looked at."""
    views: Views
    stills: Sequence[Still]
    edges: NDArray[np.int64]
    """(E, 2) points of the mesh that a line joins."""
    commands: Sequence[tuple[str, str]]
    """(what it is for, command line)."""
    settings: Sequence[tuple[str, str, bool]]
    """(name, value, whether it is not the default)."""


def render(content: Content) -> str:
    """The page as HTML text."""
    analysis, outcome = content.analysis, content.outcome
    rate = analysis.clip.video.rate
    first = analysis.span.start
    frames = len(content.views.times)
    findings = [_finding(f, d, content) for d in _worst_first(analysis.diagnoses) for f in d.findings]
    return page(
        "clip.html.j2",
        name=analysis.clip.path.name,
        clip=analysis.clip,
        verdict=analysis.verdict,
        badge=words.badge(analysis, outcome),
        reason=analysis.judgement.reason,
        unchanged=outcome is not None and outcome["copied"],
        regenerate=[_span(span, content) for span in analysis.judgement.regenerate],
        summary=words.summary(analysis, outcome),
        notes=[*(outcome["warnings"] if outcome else analysis.warnings), *advice(analysis)],
        facts=words.facts(analysis, outcome),
        tracks=[_track(d, findings, content) for d in _worst_first(analysis.diagnoses)],
        shots=[_span(Span(*_clipped(shot.span, content)), content) for shot in analysis.shots if _inside(shot.span, content)],
        findings=findings,
        stills=[_still(still) for still in content.stills],
        proofs=list(outcome["proofs"]) if outcome else [],
        commands=content.commands,
        settings=content.settings,
        views=content.views,
        known={
            "first": first,
            "times": list(content.views.times),
            "codes": [timecode.timecode(first + i, rate) for i in range(frames)],
            "views": content.views.count,
            "size": content.views.size,
            "tracks": [_measured(d, content) for d in _worst_first(analysis.diagnoses)],
            "findings": [{name: one[name] for name in ("id", "track", "mode", "start", "end")} for one in findings],
            "groups": [{"title": g.title, "unit": g.unit, "top": g.top, "modes": g.modes} for g in GROUPS],
            "opening": _opening(content),
            "edges": content.edges.ravel().tolist(),
            "meshes": [[_mesh(still.mesh_before), _mesh(still.mesh_after)] for still in content.stills],
        },
    )


def _worst_first(diagnoses: Sequence[Diagnosis]) -> list[Diagnosis]:
    return sorted(diagnoses, key=lambda d: (-max((f.severity for f in d.findings), default=0.0), d.track.id))


def _opening(content: Content) -> dict[str, int | None]:
    """Face and frame that the page opens with: the worst there is, else the first."""
    worst = next((still for still in content.stills if still.mode is not None), None)
    if worst is None:
        return {"track": None, "frame": content.analysis.span.start}
    return {"track": worst.track, "frame": worst.frame}


def _finding(finding: Finding, diagnosis: Diagnosis, content: Content) -> dict[str, Any]:
    """What the page knows of a finding."""
    place = diagnosis.findings.index(finding)
    state, proofs = words.fate(finding, content.outcome)
    return {
        "id": f"finding-{finding.track}-{place}",
        "track": finding.track,
        "mode": finding.mode,
        "severity": finding.severity,
        "why": finding.why,
        "cure": cure(finding, diagnosis.judgement) if content.outcome is None else "",
        "state": state,
        "proofs": proofs,
        **_span(finding.span, content),
    }


def _span(span: Span, content: Content) -> dict[str, Any]:
    """Frames, time codes, and where they lie on the time line, in per cent."""
    analysis, length = content.analysis, max(1, len(content.views.times))
    start, end = _clipped(span, content)
    return {
        "start": span.start,
        "end": span.end,
        "frames": timecode.frames(span),
        "times": timecode.times(span, analysis.clip.video.rate),
        "left": round(100 * (start - analysis.span.start) / length, 3),
        "width": round(100 * max(0, end - start) / length, 3),
    }


def _clipped(span: Span, content: Content) -> tuple[int, int]:
    whole = content.analysis.span
    return max(span.start, whole.start), min(span.end, whole.end)


def _inside(span: Span, content: Content) -> bool:
    start, end = _clipped(span, content)
    return start < end


def _track(diagnosis: Diagnosis, findings: Sequence[Mapping[str, Any]], content: Content) -> dict[str, Any]:
    """A face's lanes: one a failure mode, and one for what is to be generated anew."""
    mine = [one for one in findings if one["track"] == diagnosis.track.id]
    modes = dict.fromkeys(one["mode"] for one in mine)
    return {
        "id": diagnosis.track.id,
        "shot": diagnosis.track.shot,
        "px": diagnosis.median_face_px,
        "verdict": diagnosis.verdict,
        "reason": diagnosis.judgement.reason,
        "span": _span(diagnosis.track.span, content),
        "findings": mine,
        "lanes": [(mode, [one for one in mine if one["mode"] == mode]) for mode in modes],
        "regenerate": [_span(span, content) for span in diagnosis.judgement.regenerate],
    }


def _measured(diagnosis: Diagnosis, content: Content) -> dict[str, Any]:
    """A track for the page's script: where the face is, and its signals in groups."""
    track, (x, y) = diagnosis.track, content.views.scale
    boxes = np.stack([face.box for face in track.faces]) * np.array([x, y, x, y], np.float32)
    return {
        "id": track.id,
        "start": track.span.start,
        "boxes": np.rint(boxes).astype(int).tolist(),
        "signals": [{label: values.tolist() for label, values in shown(group, diagnosis.signals).items()} for group in GROUPS],
    }


def _still(still: Still) -> dict[str, Any]:
    return {
        "track": still.track,
        "frame": still.frame,
        "caption": still.caption,
        "mode": still.mode,
        "before": picture(still.before),
        "after": picture(still.after) if still.after is not None else None,
    }


def _mesh(mesh: NDArray[np.float32] | None) -> list[int] | None:
    """x, y, x, y ... in thousandths of the picture's side."""
    return None if mesh is None else np.rint(mesh * 1000).astype(int).ravel().tolist()
