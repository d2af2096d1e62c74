"""The plan: what pass 1 decided, as a small JSON file that a person can read, edit, queue and render.

A plan holds no pixels: the treatments, the geometry of the tracks they belong to, the anchor frames to take
reference detail from, and the fingerprint of the clip it was made for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.anchors import best_frames, covered, hidden
from facefix.diagnose.spans import marked, stretches
from facefix.errors import InputError
from facefix.files import write_text
from facefix.types import Analysis, Diagnosis, Span

VERSION = 1
_FINGERPRINT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Treatment:
    """One finding, turned into work."""

    track: int
    mode: str
    span: Span
    severity: float
    strength: float
    """0..1: what the renderer may change at most, `--strength` included."""
    why: str
    steady: bool = False
    """As `types.Finding.steady`."""
    rises: int = 0
    """As `types.Finding.rises`."""


@dataclass(frozen=True, slots=True)
class PlannedCharacter:
    """A person that faces are held to."""

    name: str
    folder: Path
    """Its own, where it was when the plan was made."""
    bank: str
    """Key of its identity bank: changes with its pictures."""
    strength: float
    """0..1: how far its pictures count against the clip's own frames."""


@dataclass(frozen=True, slots=True, eq=False)
class PlannedTrack:
    """Where one face is, frame by frame."""

    id: int
    span: Span
    points: NDArray[float32]
    """(len(span), 5, 2) source pixels, smoothed."""
    scores: NDArray[float32]
    """(len(span),) detector confidence, 0 where filled in."""
    anchors: tuple[int, ...]
    """Frames of this track that show the face at its best, best first."""
    character: str | None = None
    """Name of the `PlannedCharacter` whose face it is."""
    character_distance: float | None = None
    """Identity distance of the two."""
    unsound: tuple[Span, ...] = ()
    """Frames in which something is wrong with it, treated or not, or before it: nothing is to be learnt from them."""
    covered: tuple[Span, ...] = ()
    """Frames in which something of another colour is before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Everything `render` needs besides the clip."""

    clip: Path
    fingerprint: str
    frames: int
    width: int
    height: int
    """As displayed, pixels."""
    span: Span
    """Frames the output holds; the whole clip unless a range was asked for."""
    restorer: str
    codec: str | None
    crf: int | None
    treatments: tuple[Treatment, ...]
    tracks: tuple[PlannedTrack, ...]
    characters: tuple[PlannedCharacter, ...] = ()


def fingerprint(path: Path) -> str:
    """SHA-256 over the file's size and its first and last MiB: tells clips apart without reading 10 GB.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        size = path.stat().st_size
        digest = hashlib.sha256(str(size).encode())
        with path.open("rb") as file:
            digest.update(file.read(_FINGERPRINT_BYTES))
            file.seek(max(0, size - _FINGERPRINT_BYTES))
            digest.update(file.read(_FINGERPRINT_BYTES))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    return digest.hexdigest()


def make_plan(
    analysis: Analysis,
    *,
    strength: float,
    treatable: Iterable[str],
    only: tuple[str, ...] = (),
    restorer: str = "auto",
    codec: str | None = None,
    crf: int | None = None,
    output: Span | None = None,
    characters: Iterable[PlannedCharacter] = (),
) -> Plan:
    """Turn findings into treatments. What is lost, and modes outside `treatable` (no cure known) or `only`, are left out.

    Frames to be regenerated are left alone, since paint over a face past saving helps nobody; the rest of their track is
    treated where it is treatable.
    """
    wanted = set(treatable) & set(only or treatable)
    treatments = tuple(
        Treatment(
            f.track,
            f.mode,
            span,
            round(f.severity, 3),
            round(_strength(f.severity, strength), 3),
            f.why,
            f.steady,
            max(0, f.rises - (span.start - f.span.start)),
        )
        for d in analysis.diagnoses
        for f in d.findings
        if f.mode in wanted and not f.lost and strength > 0
        for span in without(f.span, d.judgement.regenerate)
    )
    treated = {t.track for t in treatments}
    played = {d.character for d in analysis.diagnoses if d.track.id in treated}
    width, height = analysis.clip.video.display_size
    return Plan(
        clip=analysis.clip.path,
        fingerprint=fingerprint(analysis.clip.path),
        frames=analysis.frames,
        width=width,
        height=height,
        span=output or Span(0, analysis.frames),
        restorer=restorer,
        codec=codec,
        crf=crf,
        treatments=treatments,
        tracks=tuple(_planned(d) for d in analysis.diagnoses if d.track.id in treated),
        characters=tuple(one for one in characters if one.name in played),
    )


def without(span: Span, holes: Iterable[Span]) -> tuple[Span, ...]:
    """What is left of a span, in order."""
    left = [span]
    for hole in holes:
        parts = [(Span(s.start, min(s.end, hole.start)), Span(max(s.start, hole.end), s.end)) for s in left]
        left = [part for pair in parts for part in pair if len(part)]
    return tuple(left)


def treated_in(span: Span, treatments: Iterable[Treatment]) -> NDArray[np.bool_]:
    """(len(span),) frames that are treated."""
    return marked(span, [t.span for t in treatments])


def unsound_in(span: Span, track: PlannedTrack, treatments: Iterable[Treatment], beside: int = 0) -> NDArray[np.bool_]:
    """(len(span),) frames of a track in which something is wrong, or at most so far from one: treated, by those, or not."""
    return marked(span, [*track.unsound, *(t.span for t in treatments)], beside)


def _strength(severity: float, cap: float) -> float:
    """Mild findings get a milder cure; what is visible at once (0.6) or worse gets all that is allowed."""
    return cap * min(1.0, 0.5 + severity / 1.2)


def _planned(diagnosis: Diagnosis, anchors: int = 5) -> PlannedTrack:
    track = diagnosis.track
    return PlannedTrack(
        id=track.id,
        span=track.span,
        points=np.stack([face.points for face in track.faces]).astype(float32),
        scores=np.array([face.score for face in track.faces], float32),
        anchors=best_frames(diagnosis, anchors),
        character=diagnosis.character,
        character_distance=diagnosis.character_distance,
        unsound=stretches(_unsound(diagnosis), track.span.start),
        covered=stretches(covered(diagnosis), track.span.start),
    )


def _unsound(diagnosis: Diagnosis) -> NDArray[np.bool_]:
    """(frames,). Wax is not: it leaves a face who and where it is. What is hidden is."""
    found = [f.span for f in diagnosis.findings if f.mode != "waxy"]
    return marked(diagnosis.track.span, [*found, *diagnosis.judgement.regenerate]) | hidden(diagnosis)


def dump(plan: Plan, path: Path) -> None:
    """Write the plan as JSON, one treatment and one frame of points a line so that it can be edited and diffed.

    Raises:
        OutputError: it cannot be written.
    """
    lines = [
        "{",
        f' "plan": {VERSION},',
        f' "clip": {json.dumps(_clip_dict(plan), ensure_ascii=False)},',
        f' "span": {json.dumps({"start": plan.span.start, "end": plan.span.end})},',
        f' "restorer": {json.dumps(plan.restorer)},',
        f' "encode": {json.dumps({"codec": plan.codec, "crf": plan.crf})},',
        ' "characters": [',
        ",\n".join(f"  {json.dumps(_character_dict(c), ensure_ascii=False)}" for c in plan.characters),
        " ],",
        ' "treatments": [',
        ",\n".join(f"  {json.dumps(_treatment_dict(t), ensure_ascii=False)}" for t in plan.treatments),
        " ],",
        ' "tracks": [',
        ",\n".join(_track_text(track) for track in plan.tracks),
        " ]",
        "}",
    ]
    write_text(path, "\n".join(lines) + "\n")


def _clip_dict(plan: Plan) -> dict[str, Any]:
    return {
        "path": str(plan.clip),
        "fingerprint": plan.fingerprint,
        "frames": plan.frames,
        "width": plan.width,
        "height": plan.height,
    }


def _treatment_dict(t: Treatment) -> dict[str, Any]:
    return {
        "track": t.track,
        "mode": t.mode,
        "start": t.span.start,
        "end": t.span.end,
        "severity": t.severity,
        "strength": t.strength,
        "why": t.why,
        **({"steady": True} if t.steady else {}),
        **({"rises": t.rises} if t.rises else {}),
    }


def _character_dict(c: PlannedCharacter) -> dict[str, Any]:
    return {"name": c.name, "folder": str(c.folder), "bank": c.bank, "strength": c.strength}


def _track_text(track: PlannedTrack) -> str:
    facts = {"id": track.id, "start": track.span.start, "end": track.span.end, "anchors": track.anchors}
    facts |= {"character": track.character, "character_distance": track.character_distance}
    facts |= {name: [[s.start, s.end] for s in getattr(track, name)] for name in ("unsound", "covered")}
    head = json.dumps(facts, ensure_ascii=False)
    scores = [round(float(s), 3) for s in track.scores]
    points = ",\n   ".join(json.dumps([[round(float(v), 2) for v in p] for p in face]) for face in track.points)
    return f'  {head[:-1]}, "scores": {json.dumps(scores)},\n   "points": [\n   {points}]}}'
