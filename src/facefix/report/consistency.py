"""A comparison of clips -> JSON schema 1, and lines of text for people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from facefix import __version__
from facefix.characters.consistency import LIMIT, Appearance, Person
from facefix.characters.people import SAME
from facefix.characters.wording import measures, sentences
from facefix.faces import likeness
from facefix.report.schema import SCHEMA
from facefix.report.table import bar, wrapped

if TYPE_CHECKING:
    from facefix.pipeline import Comparison


def document(found: Comparison) -> dict[str, Any]:
    """Plain JSON values; clips, and people, are counted from 0 and 1."""
    return {
        "schema": SCHEMA,
        "facefix": __version__,
        "clips": [{"path": str(one.clip.path), "frames": one.frames} for one in found.clips],
        "reference": found.reference,
        "limit": LIMIT,
        "people": [_person(number, person, found.reference) for number, person in enumerate(found.people, start=1)],
        "unseen": [
            {
                "character": one.character,
                "nearest": None if one.person is None else one.person + 1,
                "distance": _number(one.distance),
            }
            for one in found.unseen
        ],
        "doubts": [{"person": d.person + 1, "other": d.other + 1, "unlikeness": round(d.unlikeness, 4)} for d in found.doubts],
        "not_measurable": [{"clip": face.clip, "track": face.track} for face in found.unmeasured],
        "regenerate": [
            {"clip": one.clip, "person": number, "character": person.character, "why": reason(one)}
            for number, person in enumerate(found.people, start=1)
            for one in person.departed
        ],
        "warnings": [*found.failures, *(warning for clip in found.clips for warning in clip.warnings)],
    }


def lines(found: Comparison) -> Iterator[str]:
    """A table per person, what to generate anew, what could not be measured."""
    names = [one.clip.path.name for one in found.clips]
    for number, person in enumerate(found.people, start=1):
        yield from _table(number, person, names, found.reference)
    for sentence in (*unseen(found), *doubts(found)):
        yield from wrapped("", sentence)
    for face in found.unmeasured:
        yield f"not measurable: {names[face.clip]}, face {face.track} (under 60 px, turned away, or hardly seen)"
    yield from advice(found)


def advice(found: Comparison) -> Iterator[str]:
    """What to generate anew and why, the limit said once."""
    names = [one.clip.path.name for one in found.clips]
    several = len(found.people) > 1
    chosen = [(name_of(p, number), one) for number, p in enumerate(found.people, start=1) for one in p.departed]
    if not chosen:
        compared = any(len(person.appearances) > 1 or person.character is not None for person in found.people)
        none = f"regenerate: none; no clip departs by {LIMIT:g} or more."
        yield none if compared else "nothing to compare: nobody is in two clips."
    for name, one in chosen:
        yield from wrapped("", f"regenerate {names[one.clip]}{f' ({name})' if several else ''}: {reason(one)}.")
    if chosen:
        yield f"(limit: a departure of {LIMIT:g}, visible at once)"


def doubts(found: Comparison) -> Iterator[str]:
    """Who may be one person whose face changed too far to be sure."""
    for doubt in found.doubts:
        where = ", ".join(found.clips[one.clip].clip.path.name for one in found.people[doubt.person].appearances)
        how = f"unlikeness {doubt.unlikeness:.2f}, one person's is at most {SAME:g}"
        one, other = (name_of(found.people[number], number + 1) for number in (doubt.person, doubt.other))
        yield f"{one} is nearest to {other} ({how}): if they are meant to be one, the face is lost in {where}."


def unseen(found: Comparison) -> Iterator[str]:
    """Which characters are in none of the clips, and who is most like them."""
    for one in found.unseen:
        nearest = None if one.person is None else found.people[one.person]
        if nearest is None or one.person is None:
            yield f"{one.character}: in none of the clips."
            continue
        where = ", ".join(found.clips[shown.clip].clip.path.name for shown in nearest.appearances)
        yield (
            f"{one.character}: in none of the clips; nearest is {name_of(nearest, one.person + 1)} in {where}, at an identity "
            f"distance of {one.distance:.2f} (one person: below {likeness.SAME:g})."
        )


def reason(one: Appearance) -> str:
    """Why a clip does not fit, in words and the number behind them."""
    words = sentences(one.departure) if one.departure is not None else ()
    return f"departure {one.severity:.2f}" + (f": {', '.join(words)}" if words else "")


def name_of(person: Person, number: int) -> str:
    """What a person is called."""
    return person.character or f"person {number}"


def _table(number: int, person: Person, names: Sequence[str], reference: int | None) -> Iterator[str]:
    if len(person.appearances) == 1 and person.character is None:
        one = person.appearances[0]
        yield f"{name_of(person, number)}: {names[one.clip]} only"
        return
    count, held = len(person.appearances), person.character is not None
    yield f"{name_of(person, number)}: {count} clip{'' if count == 1 else 's'}{', held against the pictures' if held else ''}"
    width = max(len(names[one.clip]) for one in person.appearances)
    columns = "".join(f"{word:>6}" for word in (*(["pics"] if held else []), *(one.clip + 1 for one in person.appearances)))
    yield f"  clip {'':<{width}}  face px  departure    {'identity distance to clip':<26}"
    yield f"       {'':<{width}}                         {columns}"
    for i, one in enumerate(person.appearances):
        size = float(np.median([sample.face_px for sample in one.samples]))
        cells = ["-" if i == j else f"{value:.2f}" for j, value in enumerate(person.distances[i])]
        if held:
            cells.insert(0, f"{np.linalg.norm(one.departure.identity):.2f}" if one.departure else "-")
        row = "".join(f"{cell:>6}" for cell in cells)
        itself = one.clip == reference and not held
        mark = "reference   " if itself else bar(one.severity) if one.departure else "no like pose"
        yield f"  {one.clip + 1:>4} {names[one.clip]:<{width}} {size:>8.0f}  {mark} {row}"
        if one.departure is not None and (words := sentences(one.departure)):
            yield from wrapped(" " * 7, ", ".join(words))
    if not person.told_apart:
        yield from wrapped("  ", "two clips differ by as much from each other; --reference CLIP says which one is right.")


def _person(number: int, person: Person, reference: int | None) -> dict[str, Any]:
    return {
        "id": number,
        "character": person.character,
        "clips": [_appearance(one, None if person.character else reference) for one in person.appearances],
        "distances": [[round(float(value), 4) for value in row] for row in person.distances],
        "told_apart": person.told_apart,
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _appearance(one: Appearance, reference: int | None) -> dict[str, Any]:
    departure = one.departure
    return {
        "clip": one.clip,
        "tracks": list(one.tracks),
        "samples": len(one.samples),
        "median_face_px": round(float(np.median([sample.face_px for sample in one.samples])), 1),
        "reference": one.clip == reference,
        "departure": None if math.isnan(one.severity) else round(one.severity, 3),
        "identity_distance": None if departure is None else round(float(np.linalg.norm(departure.identity)), 4),
        "measures": None if departure is None else measures(departure),
        "why": [] if departure is None else list(sentences(departure)),
        "best": {"track": one.best.track, "frame": one.best.frame},
        "worst": {"track": one.worst.track, "frame": one.worst.frame},
        "regenerate": one.off,
    }
