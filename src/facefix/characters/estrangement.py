"""Whether a face is its character's at all times but a little beside it: the drift that a shot begins with and does not show.

Measured is the distance of the mean embedding to that of the character's pictures at matched poses (`shifts`): means lie nearer
to each other than single pictures of one person do, and a drift moves them by as much as it moves each frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.characters.shifts import identity_distance
from facefix.types import Pose

KNOTS = (0.24, 0.32, 0.39, 0.47)
"""Distances at severity 0, 0.3, 0.6 and 0.9, fitted as docs/characters.md tells."""
_MOST = 0.89
"""Whose pictures are at hand can be repaired, so this alone never ruins a shot (`diagnose.verdict`)."""
_PARTS = 3
"""Of the track, each of which must lie beside the character: a face that changes within the shot is told better by the shot."""
_STAYS = 0.15
"""Severity that each part must have."""
_PICTURE, _ENOUGH = 0.2, 3
"""How far one picture lies from the mean of its person's, and pictures from which on it no longer matters: with two the mean
itself is less sure, and one alone cannot tell a mood from a drift."""
_FEWEST = 6
"""Frames with an embedding without which nothing is said."""


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """A face in one frame, or one picture, as far as identity and pose go."""

    pose: Pose
    identity: NDArray[float32]
    """(128,) embedding."""


@dataclass(frozen=True, slots=True)
class Estrangement:
    """How far a face lies from its character."""

    distance: float
    """Of the mean embeddings at matched poses."""
    severity: float
    """0..1, as `types.Finding.severity`."""


def estrangement(face: Sequence[Glance], pictures: Sequence[Glance]) -> Estrangement | None:
    """Of a track's glances, in order, from a character's; None where there are too few, or where it comes and goes."""
    if len(face) < _FEWEST or len(pictures) < 2:
        return None
    parts = [[face[i] for i in some] for some in np.array_split(np.arange(len(face)), _PARTS)]
    if min(severity(identity_distance(part, pictures), len(pictures)) for part in parts) < _STAYS:
        return None
    distance = identity_distance(face, pictures)
    return Estrangement(distance, min(_MOST, severity(distance, len(pictures))))


def severity(distance: float, pictures: int) -> float:
    """0..1, as `types.Finding.severity`, of the distance of a face's mean embedding from so many pictures at matched poses."""
    own = np.sqrt(max(0.0, distance**2 - _PICTURE**2 * max(0.0, 1 / pictures - 1 / _ENOUGH)))
    return float(np.interp(own, [*KNOTS, 2 * KNOTS[-1] - KNOTS[-2]], [0.0, 0.3, 0.6, 0.9, 1.0]))
