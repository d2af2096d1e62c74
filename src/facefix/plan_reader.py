"""Reads a plan back and checks every field, since people edit plans by hand."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float32

from facefix.errors import PlanError
from facefix.plan import VERSION, Plan, PlannedCharacter, PlannedTrack, Treatment
from facefix.settings import CRF_BOUNDS
from facefix.types import Span

_FARTHEST_PX = 1e5


class _Reader:
    """A JSON value that knows its place in the file, for errors such as "treatments[2].end ..."."""

    def __init__(self, file: Path, value: Any, place: str = "") -> None:
        self.file, self.value, self.place = file, value, place

    def fail(self, problem: str) -> PlanError:
        return PlanError(f"{self.file}: {self.place or 'the plan'} {problem}.")

    def get(self, key: str, *kinds: type) -> Any:
        """The value of `key`, of one of `kinds`."""
        if not isinstance(self.value, dict) or key not in self.value:
            raise self.fail(f'lacks "{key}"')
        value = self.value[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            names = " or ".join(
                {
                    "NoneType": "null",
                    "str": "text",
                    "int": "a whole number",
                    "float": "a number",
                    "list": "a list",
                    "dict": "an object",
                }.get(k.__name__, k.__name__)
                for k in kinds
            )
            raise _Reader(self.file, value, f"{self.place}{'.' if self.place else ''}{key}").fail(f"must be {names}")
        return value

    def child(self, key: str) -> _Reader:
        return _Reader(self.file, self.get(key, dict), f"{self.place}{'.' if self.place else ''}{key}")

    def optional(self, key: str, *kinds: type) -> Any:
        """As `get`; None where there is no such key, as in plans of before."""
        return self.get(key, *kinds) if isinstance(self.value, dict) and key in self.value else None

    def children(self, key: str) -> list[_Reader]:
        return [_Reader(self.file, item, f"{key}[{i}]") for i, item in enumerate(self.get(key, list))]

    def number(self, key: str, low: float, high: float) -> float:
        value = float(self.get(key, int, float))
        if not low <= value <= high:
            raise self.fail(f'has "{key}" {value:g}, which must lie between {low:g} and {high:g}')
        return value

    def span(self, within: Span) -> Span:
        span = Span(self.get("start", int), self.get("end", int))
        if not within.start <= span.start < span.end <= within.end:
            raise self.fail(f"covers frames {span.start}-{span.end}, which do not lie within {within.start}-{within.end}")
        return span


def load(path: Path) -> Plan:
    """Read and check a plan.

    Raises:
        PlanError: missing file, not JSON, another version, or any field that makes no sense.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"{path}: the plan cannot be read ({error}).") from error
    except json.JSONDecodeError as error:
        raise PlanError(f"{path}: not valid JSON, line {error.lineno}: {error.msg}.") from error
    root = _Reader(path, value)
    version = root.get("plan", int)
    if version != VERSION:
        raise root.fail(f"has version {version}, this facefix reads version {VERSION}: run `facefix inspect --plan` again")
    characters = tuple(_character(item) for item in (root.children("characters") if "characters" in value else ()))
    clip, encode = root.child("clip"), root.child("encode")
    frames = int(clip.number("frames", 1, 1e9))
    names = {one.name for one in characters}
    tracks = tuple(_track(item, Span(0, frames), names) for item in root.children("tracks"))
    by_id = {track.id: track for track in tracks}
    if len(by_id) != len(tracks):
        raise root.fail("names one track id twice")
    crf = encode.get("crf", int, type(None))
    if crf is not None:
        encode.number("crf", *CRF_BOUNDS)
    return Plan(
        clip=Path(clip.get("path", str)),
        fingerprint=clip.get("fingerprint", str),
        frames=frames,
        width=int(clip.number("width", 1, 1e5)),
        height=int(clip.number("height", 1, 1e5)),
        span=root.child("span").span(Span(0, frames)),
        restorer=root.get("restorer", str),
        codec=encode.get("codec", str, type(None)),
        crf=crf,
        treatments=tuple(_treatment(item, by_id) for item in root.children("treatments")),
        tracks=tracks,
        characters=characters,
    )


def _character(item: _Reader) -> PlannedCharacter:
    return PlannedCharacter(
        item.get("name", str), Path(item.get("folder", str)), item.get("bank", str), item.number("strength", 0, 1)
    )


def _track(item: _Reader, clip: Span, characters: Collection[str]) -> PlannedTrack:
    span = item.span(clip)
    try:
        points = np.array(item.get("points", list), float32)
        scores = np.array(item.get("scores", list), float32)
    except (ValueError, TypeError) as error:
        raise item.fail('has "points" or "scores" that are no numbers') from error
    if points.shape != (len(span), 5, 2) or scores.shape != (len(span),) or not np.isfinite(points).all():
        raise item.fail(f"needs 5 points (x, y) and one score for each of its {len(span)} frames")
    if not ((scores >= 0) & (scores <= 1)).all() or np.abs(points).max() > _FARTHEST_PX:
        raise item.fail(f"needs scores between 0 and 1 and points within {_FARTHEST_PX:.0f} pixels of the picture")
    anchors = item.get("anchors", list)
    if not all(type(a) is int and a in span for a in anchors):
        raise item.fail(f"has anchors outside its frames {span.start}-{span.end}")
    character = item.optional("character", str, type(None))
    if character is not None and character not in characters:
        raise item.fail(f"belongs to character {character!r}, which the plan does not hold")
    distance = item.optional("character_distance", int, float, type(None))
    far = None if distance is None else float(distance)
    return PlannedTrack(
        item.get("id", int),
        span,
        points,
        scores,
        tuple(anchors),
        character,
        far,
        *(_spans(item, name) for name in ("unsound", "covered")),
    )


def _spans(item: _Reader, name: str) -> tuple[Span, ...]:
    found = []
    for pair in item.optional(name, list) or []:
        match pair:
            case [int(start), int(end)] if 0 <= start < end:
                found.append(Span(start, end))
            case _:
                raise item.fail(f'needs pairs [first frame, frame behind the last] as "{name}"')
    return tuple(found)


def _rises(item: _Reader) -> int:
    rises = item.optional("rises", int) or 0
    if rises < 0:
        raise item.fail(f'has "rises" {rises}, which is a number of frames')
    return rises


def _treatment(item: _Reader, tracks: dict[int, PlannedTrack]) -> Treatment:
    track = tracks.get(item.get("track", int))
    if track is None:
        raise item.fail(f"belongs to track {item.get('track', int)}, which the plan does not hold")
    return Treatment(
        track=track.id,
        mode=item.get("mode", str),
        span=item.span(track.span),
        severity=item.number("severity", 0, 1),
        strength=item.number("strength", 0, 1),
        why=item.get("why", str),
        steady=bool(item.optional("steady", bool)),
        rises=_rises(item),
    )
