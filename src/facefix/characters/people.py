"""Who is who: tracks of several clips put together to people, by their identity.

Average linkage over identity distances (`scipy.cluster.hierarchy`). Two faces that are in one picture at one time are two
people, however alike: their distance is set beyond every limit, and with it that of all groups that hold them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from facefix.characters.sample import Sample
from facefix.characters.shifts import identity_distance
from facefix.types import Span

SAME = 0.42
"""Identity distance between two tracks up to which they are one person."""
MAYBE = 0.68
"""Distance up to which they may be one person whose face changed."""
_APART = 1e4


@dataclass(frozen=True, slots=True, eq=False)
class Appearing:
    """A track of one of the clips that are compared."""

    clip: int
    track: int
    span: Span
    samples: tuple[Sample, ...]


def together(faces: Sequence[Appearing], limit: float = SAME) -> list[tuple[Appearing, ...]]:
    """The people that the faces belong to, those seen in most clips first; faces without samples belong to nobody."""
    seen = [face for face in faces if face.samples]
    if len(seen) < 2:
        return [(face,) for face in seen]
    labels = fcluster(linkage(squareform(_distances(seen)), "average"), limit, "distance")
    groups = [tuple(face for face, label in zip(seen, labels, strict=True) if label == number) for number in set(labels)]
    return sorted(groups, key=lambda group: (-len({f.clip for f in group}), group[0].clip, group[0].track))


@dataclass(frozen=True, slots=True)
class Doubt:
    """Two people who may be one whose face changed."""

    person: int
    other: int
    """Numbers in the list that `together` gave; `other` is seen in more clips."""
    distance: float


def doubts(groups: Sequence[Sequence[Appearing]]) -> list[Doubt]:
    """People of a single clip who are nearly one of those in others, and are never in a picture with them."""
    found = []
    for number, group in enumerate(groups):
        if len({face.clip for face in group}) > 1:
            continue
        near = [(_between(group, other), k) for k, other in enumerate(groups[:number])]
        distance, other = min(near, default=(_APART, -1))
        if distance <= MAYBE:
            found.append(Doubt(number, other, distance))
    return found


def _between(one: Sequence[Appearing], other: Sequence[Appearing]) -> float:
    """Mean distance of the tracks of two people; beyond every limit where two of them are in one picture."""
    return float(np.mean([_distance(a, b) for a in one for b in other]))


def _distance(one: Appearing, other: Appearing) -> float:
    at_once = one.clip == other.clip and max(one.span.start, other.span.start) < min(one.span.end, other.span.end)
    return _APART if at_once else identity_distance(one.samples, other.samples)


def _distances(faces: Sequence[Appearing]) -> NDArray[np.float64]:
    table = np.zeros((len(faces), len(faces)))
    for i, one in enumerate(faces):
        for j, other in enumerate(faces[:i]):
            table[i, j] = table[j, i] = _distance(one, other)
    return table
