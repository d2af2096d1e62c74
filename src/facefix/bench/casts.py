"""Who of a folder's clips are different people: two clips of one person would make characters that nobody can tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from facefix.characters.people import SAME, SHAPE_SHARE
from facefix.faces import likeness
from facefix.types import Look


def is_among(looks: Sequence[Look], known: Sequence[Sequence[Look]]) -> bool:
    """Whether the looks of a clip are those of a person already known by theirs; looks without identity tell nothing."""
    return any(_unlikeness(looks, other) <= SAME for other in known)


def _unlikeness(one: Sequence[Look], other: Sequence[Look]) -> float:
    """As `characters.people.unlikeness`, mean over pairs of looks; infinite where no pair can be told."""
    apart = [likeness.distances(a, b) for a in one for b in other if a.identity is not None and b.identity is not None]
    return float(np.mean([pair.identity + SHAPE_SHARE * pair.shape for pair in apart])) if apart else np.inf
