"""Analysis, or what a render did, -> JSON schema 1. Fields may be added, never renamed."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from facefix import __version__
from facefix.report.advice import advice
from facefix.types import Analysis, Diagnosis, Finding, Judgement, Span

if TYPE_CHECKING:
    from facefix.pipeline import Profile, Proof, Report

SCHEMA = 1


def document(analysis: Analysis) -> dict[str, Any]:
    """The diagnosis of a clip as plain JSON values; frames are 0-based, ends exclusive."""
    width, height = analysis.clip.video.display_size
    duration = analysis.clip.video.duration_s or analysis.clip.duration_s
    return {
        "schema": SCHEMA,
        "facefix": __version__,
        "clip": {
            "path": str(analysis.clip.path),
            "frames": analysis.frames,
            "duration_s": None if duration is None else round(float(duration), 3),
            "width": width,
            "height": height,
        },
        "range": {"start": analysis.span.start, "end": analysis.span.end},
        "shots": [{"index": s.index, "start": s.span.start, "end": s.span.end} for s in analysis.shots],
        "tracks": [_track(d) for d in analysis.diagnoses],
        **_judgement(analysis.judgement),
        "advice": advice(analysis),
        "generator": {"name": analysis.generator.name, "why": analysis.generator.why},
        "warnings": list(analysis.warnings),
    }


def outcome(report: Report) -> dict[str, Any]:
    """What a render did as plain JSON values. The verdict is that of the clip as it was before."""
    return {
        "schema": SCHEMA,
        "facefix": __version__,
        "clip": {"path": str(report.clip)},
        "out": str(report.out),
        "compare": None if report.compare is None else str(report.compare),
        "page": None if report.page is None else str(report.page),
        "stills": [str(still) for still in report.stills],
        "width": report.size[0],
        "height": report.size[1],
        "scale": report.scale,
        "upscaler": report.upscaler,
        "frames": report.frames,
        "repaired_frames": report.repaired_frames,
        "copied": report.copied,
        "findings": [{"track": f.track, **_finding(f), "treated": f not in report.untreated} for f in report.findings],
        "proofs": [_proof(p) for p in report.proofs],
        **_judgement(report.judgement),
        "warnings": list(report.warnings),
        "seconds": round(report.seconds, 2),
    }


def profile(spent: Profile) -> dict[str, Any]:
    """How long each stage took as plain JSON values."""
    stages = {name: {"items": one.items, "seconds": round(one.seconds, 3)} for name, one in spent.stages.items()}
    return {"wall_s": round(spent.wall_s, 3), "stages": stages}


def dumps(value: Any) -> str:
    """JSON text; NaN can not occur in it."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _track(diagnosis: Diagnosis) -> dict[str, Any]:
    track = diagnosis.track
    return {
        "id": track.id,
        "shot": track.shot,
        "start": track.span.start,
        "end": track.span.end,
        "character": diagnosis.character,
        "character_distance": diagnosis.character_distance,
        "character_why": diagnosis.character_why,
        "median_face_px": diagnosis.median_face_px,
        **_judgement(diagnosis.judgement),
        "findings": [_finding(f) for f in diagnosis.findings],
        "signals": {name: [_number(v) for v in values] for name, values in diagnosis.signals.items()},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "mode": finding.mode,
        "start": finding.span.start,
        "end": finding.span.end,
        "severity": round(finding.severity, 3),
        "why": finding.why,
        "evidence": dict(finding.evidence),
    }


def _proof(proof: Proof) -> dict[str, Any]:
    return {
        "track": proof.track,
        "mode": proof.mode,
        "start": proof.span.start,
        "end": proof.span.end,
        "measure": proof.measure,
        "before": None if proof.before is None else _number(proof.before),
        "after": None if proof.after is None else _number(proof.after),
        "improved": proof.improved,
        "kept": proof.kept,
        "why": proof.sentence,
    }


def _judgement(judgement: Judgement) -> dict[str, Any]:
    return {"verdict": judgement.verdict, "reason": judgement.reason, "regenerate": _spans(judgement.regenerate)}


def _spans(spans: Sequence[Span]) -> list[dict[str, int]]:
    return [{"start": span.start, "end": span.end} for span in spans]


def _number(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None
