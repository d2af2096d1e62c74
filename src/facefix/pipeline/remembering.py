"""Analyses kept in a folder: a clip is not analysed again under another name or for another strength.

A file holds arrays and JSON, nothing that runs code when it is read. One that is damaged, or was made by another version,
counts as missing.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

import facefix
from facefix.diagnose import grading, weighing
from facefix.faces.detectors import named
from facefix.files import write_bytes
from facefix.media import probe
from facefix.models import zoo
from facefix.pipeline.analysing import analyse_uncast
from facefix.pipeline.casting import cast, people
from facefix.pipeline.equipping import equipped
from facefix.pipeline.progress import Progress
from facefix.plan import fingerprint
from facefix.settings import Settings
from facefix.types import Analysis, Diagnosis, Face, Finding, Generator, Judgement, Shot, Span, Track

_IDENTITY = 128

MEASURING = 13
"""Raised whenever the same weights measure or find otherwise between two versions: what was kept before is then made anew."""


def analysed(path: Path, settings: Settings, folder: Path, progress: Progress) -> Analysis:
    """The analysis of a clip: the one kept in `folder`, else a new one, which is kept.

    Raises:
        InputError: the clip cannot be read.
        OutputError: the folder cannot be written to.
    """
    known = people(settings)
    file = folder / f"{analysis_key(path, settings)}.npz"
    kept = load(file, path)
    if kept is not None:
        progress("analysed before", kept.frames, kept.frames)
        return cast(kept, known, settings)
    with equipped(settings):
        fresh = analyse_uncast(path, settings, False, progress)
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(file, _packed(fresh))
    return cast(fresh, known, settings)


def analysis_key(path: Path, settings: Settings) -> str:
    """Changes with the clip's content, with all settings that bear on findings, and with whatever facefix finds by."""
    with zoo.searched(settings.models_dir):
        detector = named(settings.detector, settings.devices[0]).name
    parts = [fingerprint(path), settings.range, settings.generator, detector, known_by()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def known_by() -> str:
    """Version, way of measuring, weights, weighing and grading of this facefix."""
    folder = resources.files("facefix.diagnose")
    tables = [folder.joinpath(name).read_text(encoding="utf-8") for name in (weighing.TABLE, grading.TABLE)]
    return hashlib.sha256(
        "\n".join([facefix.__version__, str(MEASURING), *tables, *(row.sha256 for row in zoo.TABLE)]).encode()
    ).hexdigest()


def load(file: Path, clip: Path) -> Analysis | None:
    """The analysis in a file, of the clip that lies at `clip` now; None where there is none that can be read."""
    try:
        # NumPy itself leaves a file open that is no archive.
        with file.open("rb") as content, np.load(content, allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes())
            diagnoses = tuple(_diagnosis(one, arrays, str(i)) for i, one in enumerate(head["diagnoses"]))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
    return Analysis(
        clip=probe.probe(clip),
        frames=head["frames"],
        span=Span(*head["span"]),
        shots=tuple(Shot(index, Span(*span)) for index, span in head["shots"]),
        diagnoses=diagnoses,
        judgement=_judgement(head["judgement"]),
        generator=Generator(*head["generator"]),
        warnings=tuple(text.replace(head["name"], clip.name) for text in head["warnings"]),
    )


def _packed(analysis: Analysis) -> bytes:
    arrays: dict[str, Any] = {}
    for i, diagnosis in enumerate(analysis.diagnoses):
        faces = diagnosis.track.faces
        arrays |= {
            f"{i}/box": np.stack([face.box for face in faces]),
            f"{i}/points": np.stack([face.points for face in faces]),
            f"{i}/score": np.array([face.score for face in faces]),
            f"{i}/identity": np.stack([_or_nan(face.identity) for face in faces]),
        }
        arrays |= {f"{i}/signal/{name}": np.asarray(values, float32) for name, values in diagnosis.signals.items()}
    head = {
        "name": analysis.clip.path.name,
        "frames": analysis.frames,
        "span": _span(analysis.span),
        "shots": [[shot.index, _span(shot.span)] for shot in analysis.shots],
        "diagnoses": [_head(diagnosis) for diagnosis in analysis.diagnoses],
        "judgement": _told(analysis.judgement),
        "generator": [analysis.generator.name, analysis.generator.why],
        "warnings": analysis.warnings,
    }
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def _head(diagnosis: Diagnosis) -> dict[str, Any]:
    track = diagnosis.track
    return {
        "id": track.id,
        "shot": track.shot,
        "start": track.span.start,
        "median_face_px": diagnosis.median_face_px,
        "signals": list(diagnosis.signals),
        "findings": [[f.mode, _span(f.span), f.severity, f.why, dict(f.evidence), f.lost, f.rises] for f in diagnosis.findings],
        "judgement": _told(diagnosis.judgement),
    }


def _diagnosis(head: dict[str, Any], arrays: Any, place: str) -> Diagnosis:
    box, points, score, identity = (arrays[f"{place}/{name}"] for name in ("box", "points", "score", "identity"))
    faces = tuple(
        Face(head["start"] + n, box[n], points[n], float(score[n]), identity=None if np.isnan(one).any() else one)
        for n, one in enumerate(identity)
    )
    findings = (
        Finding(mode, head["id"], Span(*span), severity, why, evidence, lost=lost, rises=rises)
        for mode, span, severity, why, evidence, lost, rises in head["findings"]
    )
    return Diagnosis(
        track=Track(head["id"], head["shot"], faces),
        median_face_px=head["median_face_px"],
        signals={name: arrays[f"{place}/signal/{name}"] for name in head["signals"]},
        findings=tuple(findings),
        judgement=_judgement(head["judgement"]),
    )


def _or_nan(identity: NDArray[float32] | None) -> NDArray[float32]:
    return np.full(_IDENTITY, np.nan, float32) if identity is None else identity


def _span(span: Span) -> tuple[int, int]:
    return span.start, span.end


def _told(judgement: Judgement) -> list[Any]:
    return [judgement.verdict, judgement.reason, [_span(span) for span in judgement.regenerate]]


def _judgement(told: Sequence[Any]) -> Judgement:
    verdict, reason, regenerate = told
    return Judgement(verdict, reason, tuple(Span(*span) for span in regenerate))
