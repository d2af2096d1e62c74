"""Who is who: tracks of several clips put together to people, by identity and shape.

Average linkage over the unlikeness of tracks (`scipy.cluster.hierarchy`). Two faces that are in one picture at one time are two
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
from facefix.characters.shifts import identity_distance, shape_difference
from facefix.types import Span

SHAPE_SHARE = 0.5
SAME = 0.6
"""Unlikeness up to which two tracks are one person; how it was chosen: docs/consistency.md."""
MAYBE = 0.8
"""Up to which they may be one person whose face changed."""
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
    """Numbers in the list that `together` gave."""
    unlikeness: float


def doubts(groups: Sequence[Sequence[Appearing]]) -> list[Doubt]:
    """People who are nearly others, listed before them, and are never in a picture with them."""
    found = []
    for number, group in enumerate(groups):
        near = [(_between(group, other), k) for k, other in enumerate(groups[:number])]
        distance, other = min(near, default=(_APART, -1))
        if distance <= MAYBE:
            found.append(Doubt(number, other, distance))
    return found


def unlikeness(one: Sequence[Sample], other: Sequence[Sample]) -> float:
    """How little two faces are one person's, 0 to about 1.5: distance of identities, and a share of the difference of shapes.

    The identity network finds all faces of some peoples alike; the mesh does not.
    """
    return identity_distance(one, other) + SHAPE_SHARE * shape_difference(one, other)


def _between(one: Sequence[Appearing], other: Sequence[Appearing]) -> float:
    """Mean distance of the tracks of two people; beyond every limit where two of them are in one picture."""
    return float(np.mean([_distance(a, b) for a in one for b in other]))


def _distance(one: Appearing, other: Appearing) -> float:
    at_once = one.clip == other.clip and max(one.span.start, other.span.start) < min(one.span.end, other.span.end)
    return _APART if at_once else unlikeness(one.samples, other.samples)


def _distances(faces: Sequence[Appearing]) -> NDArray[np.float64]:
    table = np.zeros((len(faces), len(faces)))
    for i, one in enumerate(faces):
        for j, other in enumerate(faces[:i]):
            table[i, j] = table[j, i] = _distance(one, other)
    return table
