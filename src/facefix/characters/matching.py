"""Which face of a clip is which character: one optimal assignment per shot, and doubt where there is any.

A track's distance to a character is the median, over its frames, of the identity distance to the nearest view of the bank.
Tracks of one shot that overlap in time are different people. What is weak or nearly a tie is left unknown: a swapped face costs
more than one that was repaired from its own frames alone. So is a track that is another's in a part of its frames: faces that
cross, or a cut that nobody saw, may have put two people into it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from facefix.types import Span

MARGIN = 0.08
"""By how much a match must be nearer than every other that is possible: 0.05 is how far one person's median moves from one half
of a clip to the other."""
_NEVER = 1e3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A track that may be somebody."""

    track: int
    shot: int
    span: Span
    distances: Mapping[str, float]
    """Character -> distance; NaN where the face was never seen well enough."""
    parts: tuple[Mapping[str, float], ...] = ()
    """The same of each part of the track, in order."""


@dataclass(frozen=True, slots=True)
class Match:
    """What was decided of a track."""

    track: int
    character: str | None
    """None: unknown."""
    distance: float
    """To that character, or to the nearest; NaN where nobody can tell."""
    why: str
    """One plain sentence."""


def match(
    candidates: Sequence[Candidate], names: Sequence[str], near: float, margin: float = MARGIN, stranger: float = math.inf
) -> list[Match]:
    """One match per track, in order.

    near: distance above which a face is nobody's. margin: see `MARGIN`; 0 takes the optimal assignment as it is. stranger:
    distance above which a part of a track is surely somebody else.
    """
    found: dict[int, str] = {}
    for shot in sorted({c.shot for c in candidates}):
        inside = [c for c in candidates if c.shot == shot]
        found |= _of_shot(inside, names, near, margin)
    by_track = {c.track: c for c in candidates}
    strays = {t: why for t, name in found.items() if (why := _stray(by_track[t], name, near, margin, stranger)) is not None}
    kept = {track: name for track, name in found.items() if track not in strays}
    return [_told(c, kept.get(c.track), candidates, near, margin, strays.get(c.track)) for c in candidates]


def _stray(candidate: Candidate, name: str, near: float, margin: float, stranger: float) -> str | None:
    """Whom a track shows in a part of its frames, if not the one it was given to."""
    for number, part in enumerate(candidate.parts, start=1):
        where = f"in part {number} of {len(candidate.parts)} of its frames the face"
        if part[name] > stranger:
            return f"{where} is another person's (identity distance {part[name]:.2f} to {name})"
        for other, distance in part.items():
            if other != name and distance <= near and distance + margin < part[name]:
                return f"{where} is nearer to {other} ({distance:.2f}) than to {name} ({part[name]:.2f})"
    return None


def _of_shot(candidates: Sequence[Candidate], names: Sequence[str], near: float, margin: float) -> dict[int, str]:
    """Track -> character. Assigns again what is left over, for one person may be in a shot twice, one track after the other."""
    found: dict[int, str] = {}
    left = list(candidates)
    while left:
        costs = np.array([[_cost(c, name, candidates, found, near) for name in names] for c in left]).reshape(len(left), -1)
        rows, columns = linear_sum_assignment(costs) if costs.size else ((), ())
        new = {left[r].track: names[c] for r, c in zip(rows, columns, strict=True) if costs[r, c] < _NEVER}
        if not new:
            break
        # Doubtful ones keep their place while others are assigned, so that nobody takes it from them.
        found |= new
        left = [c for c in left if c.track not in found]
    doubtful = {c.track for c in candidates if c.track in found and _rival(c, found[c.track], candidates, margin)}
    return {track: name for track, name in found.items() if track not in doubtful}


def _cost(candidate: Candidate, name: str, candidates: Sequence[Candidate], found: Mapping[int, str], near: float) -> float:
    distance = candidate.distances[name]
    taken = any(found.get(c.track) == name and overlap(c.span, candidate.span) for c in candidates)
    return distance if distance <= near and not taken else _NEVER


def _rival(candidate: Candidate, name: str, candidates: Sequence[Candidate], margin: float) -> str | None:
    """Who makes the match doubtful: another character as near to this face, or another face of the moment as near to it."""
    limit = candidate.distances[name] + margin
    if margin <= 0:
        return None
    for other, distance in candidate.distances.items():
        if other != name and distance < limit:
            return f"{other} is as near ({distance:.2f})"
    for c in candidates:
        beside = c is not candidate and c.shot == candidate.shot and overlap(c.span, candidate.span)
        if beside and c.distances[name] < limit:
            return f"face {c.track} beside it is as near ({c.distances[name]:.2f})"
    return None


def _told(
    c: Candidate, name: str | None, candidates: Sequence[Candidate], near: float, margin: float, stray: str | None
) -> Match:
    known = {n: d for n, d in c.distances.items() if not np.isnan(d)}
    if not known:
        return Match(c.track, None, float("nan"), "the face is too small or turned too far to tell whose it is.")
    nearest = min(known, key=lambda n: known[n])
    if name is not None:
        return Match(c.track, name, known[name], f"identity distance {known[name]:.2f} to {name}.")
    distance = known[nearest]
    if stray is not None:
        why = f"unknown: {stray}; --map {c.track}=NAME decides."
    elif distance > near:
        why = f"nobody's: the nearest is {nearest} at an identity distance of {distance:.2f}, beyond {near:g}."
    else:
        rival = _rival(c, nearest, candidates, margin) or "another face of the moment is nearer"
        why = f"unknown: {nearest} is near ({distance:.2f}), but {rival}; --map {c.track}=NAME decides."
    return Match(c.track, None, distance, why)


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans share a frame."""
    return one.start < other.end and other.start < one.end


def distance_to(embeddings: Sequence[NDArray[np.float32]], bank: NDArray[np.float32]) -> float:
    """Median over a track's embeddings (128,) of the distance to the nearest of a bank's (N, 128); NaN where one is empty."""
    if not len(embeddings) or not len(bank):
        return float("nan")
    apart = np.linalg.norm(np.stack(list(embeddings))[:, None] - bank[None], axis=-1)
    return float(np.median(apart.min(1)))
