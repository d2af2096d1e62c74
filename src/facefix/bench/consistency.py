"""Measuring the comparison of clips: is the clip that drifted most said to depart most, and who is taken for whom?

The first seconds of a person's clip are cut into parts, and each part drifts in a direction and by an amount of its own: for
half of the people from its first frame on, for the others more and more. Every part is written, followed and sampled as
`facefix compare` does it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from facefix.bench import clips
from facefix.bench.cases import Case
from facefix.bench.clips import CleanClip, Part
from facefix.bench.course import SECONDS, Progress, in_turn, silent
from facefix.bench.diagnosis import write
from facefix.bench.faults import drift
from facefix.bench.faults.apply import change_faces
from facefix.characters import consistency, people
from facefix.characters.people import Appearing
from facefix.characters.wording import sentences
from facefix.pipeline.comparing import appearing
from facefix.settings import Settings
from facefix.types import Span

SEVERITIES = (0.0, 0.0, 0.3, 0.5, 0.7, 0.9)
"""Of the parts of a clip, in an order that the seed draws."""
LIMITS = (0.45, 0.5, 0.55, 0.65, 0.7, 0.8)
"""Unlikenesses at which the errors of who is who are told."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """One person's parts."""

    person: str
    part: Part
    way: str
    """"constant" or "ramp"."""
    severities: tuple[float, ...]
    faces: tuple[Appearing, ...]
    """One per part at least; `clip` counts the parts."""

    def departures(self, reference: bool) -> NDArray[np.float64]:
        """(parts,) by the parts' consensus, or by a part that does not drift; NaN of that one, and of what was not compared."""
        right = self.severities.index(0.0) if reference else None
        found = {one.clip: one.severity for one in consistency.person(self.faces, right).appearances}
        return np.array([found.get(number, np.nan) for number in range(len(self.severities))])

    def spearman(self, reference: bool) -> float:
        """Rank correlation of departure and injected severity; NaN of fewer than three parts, or where all depart alike."""
        told = self.departures(reference)
        known = np.isfinite(told)
        if known.sum() < 3 or np.ptp(told[known]) == 0:
            return float("nan")
        return float(np.asarray(spearmanr(told[known], np.array(self.severities)[known]))[0])

    @property
    def false_words(self) -> tuple[int, int]:
        """Parts without drift of which something is said, and all such parts: by each other, for the drifting say nothing."""
        sound = [face for face in self.faces if self.severities[face.clip] == 0 and face.samples]
        found = consistency.person(sound).appearances if sound else ()
        return sum(one.departure is not None and bool(sentences(one.departure)) for one in found), len(found)


def run(
    folder: Path,
    count: int,
    *,
    part: str = "all",
    seed: int = 0,
    seconds: float = SECONDS,
    cache: Path | None = None,
    progress: Progress = silent,
) -> list[Ranked]:
    """Cut up and compare the clips of at most `count` people of a folder.

    Raises:
        InputError: the folder, or that part of it, has no clip with a face.
        OutputError: the cache cannot be written.
    """
    groups = clips.clips_of(folder, part)
    # Parts take turns, so that a short run has some of each.
    turns: list[tuple[int, Part, Path]] = []
    for name, found in groups.items():
        for number, path in enumerate(found):
            turns.append((number, name, path))
    turns.sort(key=lambda turn: turn[0])
    chosen = [Case("clean", name, path, 1000 * seed + i) for i, (_, name, path) in enumerate(turns[:count])]
    return [_ranked(case, clip) for case, clip in in_turn(chosen, seconds, cache, progress)]


def _ranked(case: Case, clip: CleanClip) -> Ranked:
    order = np.random.default_rng([case.seed, 51]).permutation(len(SEVERITIES))
    severities = tuple(SEVERITIES[i] for i in order)
    way = ("constant", "ramp")[case.seed % 2]
    edges = np.linspace(clip.present.start, clip.present.end, len(severities) + 1).astype(int)
    faces: list[Appearing] = []
    with tempfile.TemporaryDirectory(prefix="facefix-bench-") as folder:
        for number, severity in enumerate(severities):
            path = Path(folder) / f"{number}.mkv"
            span = Span(int(edges[number]), int(edges[number + 1]))
            write(path, _drifting(clip, span, severity, 10 * case.seed + number, way), clip.rate)
            _, seen = appearing(number, path, Settings())
            faces.append(max(seen, key=lambda face: len(face.samples), default=Appearing(number, 0, span, ())))
    return Ranked(case.clip.stem, case.part, way, severities, tuple(faces))


def _drifting(clip: CleanClip, span: Span, severity: float, seed: int, way: str) -> Iterator[NDArray[np.uint8]]:
    """The pictures of a part, drifting."""
    pictures = islice(clip.pictures(), span.start, span.end)
    points = clip.points_at()[span.start : span.end]
    whole = Span(0, len(span))
    if severity == 0:
        return iter(pictures)
    if way == "ramp":
        return drift.inject(pictures, points, severity, seed, whole)
    weights, tone = drift.direction(seed)
    change = drift.changing(np.full(len(span), severity), drift.SHAPE * weights, drift.TONE * tone)
    return change_faces(pictures, points, whole, change)


def summary(found: Sequence[Ranked]) -> dict[str, Any]:
    """Means over people, and the errors of who is who, as plain data."""
    ranks = {name: np.array([one.spearman(name == "reference") for one in found]) for name in ("consensus", "reference")}
    words = np.array([one.false_words for one in found])
    same, other = _pairs(found)
    return {
        "people": len(found),
        "spearman": {name: _mean_and_least(r[np.isfinite(r)]) for name, r in ranks.items()},
        "false_words": [int(v) for v in words.sum(0)],
        "pairs": {"same": len(same), "other": len(other)},
        "nearest_strangers": _rounded(min(other, default=np.nan)),
        "farthest_same": _rounded(max(same, default=np.nan)),
        "limits": {
            f"{limit:g}": {"split": _share(v > limit for v in same), "merged": _share(v <= limit for v in other)}
            for limit in sorted((people.SAME, *LIMITS))
        },
        "groups": _groups(found),
    }


def _pairs(found: Sequence[Ranked]) -> tuple[list[float], list[float]]:
    """Unlikeness of two parts of one person, and of two people."""
    same: list[float] = []
    other: list[float] = []
    for i, one in enumerate(found):
        for another in found[: i + 1]:
            for k, a in enumerate(one.faces):
                for b in another.faces[:k] if another is one else another.faces:
                    if a.samples and b.samples:
                        (same if another is one else other).append(people.unlikeness(a.samples, b.samples))
    return same, other


def _groups(found: Sequence[Ranked]) -> dict[str, int]:
    """What `compare` makes of all parts of all people at once."""
    owners: dict[int, str] = {}
    faces: list[Appearing] = []
    for one in found:
        for face in one.faces:
            owners[len(faces)] = one.person
            faces.append(replace(face, clip=len(faces)))
    made = [{owners[face.clip] for face in group} for group in people.together(faces)]
    return {"made": len(made), "of_several_people": sum(len(group) > 1 for group in made)}


def report(found: Sequence[Ranked]) -> tuple[list[str], dict[str, Any]]:
    """Tables for people, one a part, and everything as plain data."""
    groups = {part: some for part in clips.PARTS if (some := [one for one in found if one.part == part])}
    table = [line for part, some in groups.items() for line in (*lines(part, some), "")]
    results = {part: summary(some) for part, some in groups.items()}
    return table, {"parts": results, "people": [described(one) for one in found]}


def lines(title: str, found: Sequence[Ranked]) -> Iterator[str]:
    """Tables for people."""
    told = summary(found)
    drifts = ", ".join(f"{severity:g}" for severity in SEVERITIES)
    yield f"{title}: {told['people']} people, {len(SEVERITIES)} clips of each, drifting by {drifts}"
    yield ""
    yield "  Spearman of departure and drift      mean   least"
    for name, (mean, least) in told["spearman"].items():
        yield f"    by {name:<32}{_number(mean):>6}{_number(least):>8}"
    yield f"  clips without drift of which something is said: {told['false_words'][0]} of {told['false_words'][1]}"
    yield ""
    yield f"  who is who: {told['pairs']['same']} pairs of one person's clips, {told['pairs']['other']} of two people's"
    yield "    unlikeness up to             taken apart   taken for one"
    for limit, row in told["limits"].items():
        mark = " (compare)" if float(limit) == people.SAME else ""
        yield f"    {limit + mark:<24}{_percent(row['split']):>16}{_percent(row['merged']):>16}"
    made = told["groups"]
    yield f"    compared all at once: {made['made']} people found, {made['of_several_people']} of them made of several"


def described(one: Ranked) -> dict[str, Any]:
    """A person's outcome as plain data."""
    return {
        "person": one.person,
        "part": one.part,
        "way": one.way,
        "severities": list(one.severities),
        "departures": [_rounded(v) for v in one.departures(False)],
        "departures_by_reference": [_rounded(v) for v in one.departures(True)],
        "spearman": _rounded(one.spearman(False)),
        "spearman_by_reference": _rounded(one.spearman(True)),
    }


def _mean_and_least(values: NDArray[np.float64]) -> list[float | None]:
    return [_rounded(values.mean()), _rounded(values.min())] if len(values) else [None, None]


def _share(hits: Iterable[bool]) -> float | None:
    values = list(hits)
    return round(sum(values) / len(values), 5) if values else None


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"
