"""Which face of an analysed clip is which character."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.characters import matching, place
from facefix.characters.estrangement import KNOTS, Glance, estrangement
from facefix.characters.matching import Candidate, Match
from facefix.diagnose.modes import drift
from facefix.diagnose.spans import VISIBLE
from facefix.diagnose.verdict import of_clip, of_face
from facefix.errors import SettingsError
from facefix.faces import likeness
from facefix.faces.pose import pose
from facefix.pipeline.introducing import Person, person
from facefix.pipeline.progress import fps
from facefix.plan import PlannedCharacter
from facefix.settings import Settings, parse_cast
from facefix.types import Analysis, ClipInfo, Diagnosis, Finding, Track

_PART_LOOKS = 6
"""Embeddings, one and a half seconds of them, of the parts of a track that may be different people."""


def people(settings: Settings) -> tuple[Person, ...]:
    """The characters that were asked for. Raises InputError where one is missing."""
    folder = place.folder(settings.characters_dir) if settings.character else Path()
    return tuple(person(folder, name, settings.devices[0]) for name in dict.fromkeys(settings.character))


def planned(known: Sequence[Person], settings: Settings) -> tuple[PlannedCharacter, ...]:
    """The characters as a plan names them."""
    return tuple(PlannedCharacter(p.name, p.character.folder, p.bank.key, settings.identity_strength) for p in known)


def cast(analysis: Analysis, known: Sequence[Person], settings: Settings) -> Analysis:
    """The analysis with every face given to the character whose it is, or to nobody.

    What `--map` says goes before what was found, except that nobody is given the face of somebody else.

    Raises:
        SettingsError: `--map` names a face that there is not.
    """
    if not known:
        return analysis
    said = parse_cast(settings.cast, settings.character)
    unknown = sorted(set(said) - {d.track.id for d in analysis.diagnoses})
    if unknown:
        raise SettingsError(
            f"{analysis.clip.path}: --map {unknown[0]}={said[unknown[0]]}: there is no face {unknown[0]}; "
            "`facefix inspect` numbers them."
        )
    candidates = [candidate(d.track, known) for d in analysis.diagnoses]
    free = [_without(c, said, candidates) for c in candidates if c.track not in said]
    found = {match.track: match for match in matched(free, known)}
    found |= {c.track: _as_said(c, said[c.track]) for c in candidates if c.track in said}
    matches = [found[d.track.id] for d in analysis.diagnoses]
    refused = [m.why for m in matches if m.track in said and m.character is None]
    people_of = {one.name: one for one in known if settings.identity_strength > 0}
    given = (_given(d, m) for d, m in zip(analysis.diagnoses, matches, strict=True))
    diagnoses = tuple(_estranged(d, people_of, analysis.clip) for d in given)
    judgement = of_clip(diagnoses) if diagnoses != analysis.diagnoses else analysis.judgement
    return replace(analysis, diagnoses=diagnoses, judgement=judgement, warnings=(*analysis.warnings, *refused))


def candidate(track: Track, known: Sequence[Person]) -> Candidate:
    """A track, and how far it lies from each character."""
    looks = [face.identity for face in track.faces if face.identity is not None]
    parts = np.array_split(np.arange(len(looks)), len(looks) // _PART_LOOKS) if len(looks) >= 2 * _PART_LOOKS else []
    apart = tuple(_distances([looks[i] for i in part], known) for part in parts)
    return Candidate(track.id, track.shot, track.span, _distances(looks, known), apart)


def matched(candidates: Sequence[Candidate], known: Sequence[Person]) -> list[Match]:
    """The candidates given to the characters, as `matching.match` does."""
    return matching.match(candidates, [one.name for one in known], likeness.SAME, stranger=likeness.STRANGER)


def _distances(looks: Sequence[NDArray[float32]], known: Sequence[Person]) -> dict[str, float]:
    return {one.name: matching.distance_to(looks, one.bank.identities) for one in known}


def _estranged(diagnosis: Diagnosis, known: Mapping[str, Person], clip: ClipInfo) -> Diagnosis:
    """With a drift from its first frame to its last, where all of the face lies beside its character."""
    someone = known.get(diagnosis.character or "")
    if someone is None:
        return diagnosis
    far = estrangement(_glances(diagnosis.track), _pictures(someone))
    if far is None or far.severity < VISIBLE:
        return diagnosis
    within = [f for f in diagnosis.findings if f.mode == drift.SPEC.name]
    others = [f for f in diagnosis.findings if f.mode != drift.SPEC.name]
    why = (
        f"from its first frame on the face lies beside {someone.name}'s pictures (identity distance {far.distance:.2f} at like "
        f"poses, a sound face's is below {KNOTS[0]:g} to {KNOTS[1]:g})"
    )
    why += "".join(f"; {f.why.rstrip('.')}" for f in within)
    whole = Finding(
        mode=drift.SPEC.name,
        track=diagnosis.track.id,
        span=diagnosis.track.span,
        severity=max([far.severity, *(f.severity for f in within)]),
        why=f"{why}.",
        evidence={"character_distance": round(far.distance, 3)},
        steady=True,
    )
    findings = tuple(sorted([*others, whole], key=lambda f: (f.span.start, f.mode)))
    return replace(diagnosis, findings=findings, judgement=of_face(diagnosis.track, findings, fps(clip)))


def _glances(track: Track) -> list[Glance]:
    return [Glance(pose(face.points), face.identity) for face in track.faces if face.identity is not None]


def _pictures(someone: Person) -> list[Glance]:
    views = someone.bank.views
    return [Glance(pose(view.points), view.look.identity) for view in views if view.look.identity is not None]


def _without(one: Candidate, said: Mapping[int, str], candidates: Sequence[Candidate]) -> Candidate:
    """The candidate, with those characters out of reach that were said to be another face of the same moment."""
    taken = {said[c.track] for c in candidates if c.track in said and c.shot == one.shot and matching.overlap(c.span, one.span)}
    return replace(one, distances={n: float("nan") if n in taken else d for n, d in one.distances.items()})


def _as_said(one: Candidate, name: str) -> Match:
    """A match that the user has made, refused where it would put one person's face on another."""
    distance = one.distances[name]
    if distance <= likeness.STRANGER:
        return Match(one.track, name, distance, f"as --map says; identity distance {distance:.2f} to {name}.")
    how = (
        "the face is too small or turned too far to tell whose it is"
        if distance != distance
        else f"it lies at an identity distance of {distance:.2f}, and {likeness.STRANGER:g} or more is another person"
    )
    why = (
        f"Face {one.track} is not held to {name}, whatever --map says: {how}. "
        "facefix gives a face back to its owner and puts nobody's face on anybody else."
    )
    return Match(one.track, None, distance, why)


def _given(diagnosis: Diagnosis, match: Match) -> Diagnosis:
    far = None if match.distance != match.distance else round(match.distance, 3)
    return replace(diagnosis, character=match.character, character_distance=far, character_why=match.why)
