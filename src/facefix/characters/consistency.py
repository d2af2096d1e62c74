"""How far one person's clips lie from each other, and which of them does not fit.

Every clip is held against each other one at matched poses; what it differs by from the person is the median of these shifts
over all clips, its own (none) included, or the shift from what says who the person is: the pictures of a character, or the one
clip that was named as the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facefix.characters.people import Appearing
from facefix.characters.sample import Sample
from facefix.characters.shifts import Shift, identity_distance, meet, shift
from facefix.characters.weighing import severity, severity_from_pictures

LIMIT = 0.6
"""Departure from which on a clip is to be generated again: a drift visible at once, see `types.Finding.severity`."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A face in a frame worth a look."""

    track: int
    frame: int


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """One person in one clip."""

    clip: int
    tracks: tuple[int, ...]
    samples: tuple[Sample, ...]
    departure: Shift | None
    """From the person; None where nothing is there to compare with, or no pose of it."""
    severity: float
    """0..1 of the departure as a drift; NaN without one."""
    best: Shown
    """The most frontal sample."""
    worst: Shown
    """The one whose identity lies furthest from the person's."""

    @property
    def off(self) -> bool:
        """Whether the clip departs so far that it is to be generated again."""
        return self.severity >= LIMIT


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person over all clips."""

    appearances: tuple[Appearance, ...]
    """In the order of the clips."""
    distances: NDArray[np.float64]
    """(A, A) identity distance between the appearances."""
    told_apart: bool
    """Whether it can be said which clip departs: of two without a reference it cannot."""
    character: str | None = None
    """By whose pictures the clips are judged."""

    @property
    def departed(self) -> tuple[Appearance, ...]:
        """Where the person is to be generated again, the worst first."""
        off = [one for one in self.appearances if one.off and self.told_apart]
        return tuple(sorted(off, key=lambda one: -one.severity))


def person(
    faces: Sequence[Appearing], reference: int | None = None, *, character: str | None = None, pictures: Sequence[Sample] = ()
) -> Person:
    """Compare the clips of one person.

    Args:
        faces: with a sample each at least.
        reference: the clip that is right; where the person is not in it, all count.
        character, pictures: whose face it is, and what its pictures show; these are right, then, and no clip is.
    """
    clips = sorted({face.clip for face in faces})
    groups = [[face for face in faces if face.clip == clip] for clip in clips]
    own = [tuple(sample for face in group for sample in face.samples) for group in groups]
    right = clips.index(reference) if reference in clips and not pictures else None
    appearances = []
    for i, group in enumerate(groups):
        others = [own[j] for j in range(len(clips)) if j != i and right in (None, j)]
        departure = _departed(own[i], pictures) if pictures else _departure(own[i], others, count_self=right is None)
        appearances.append(
            Appearance(
                clip=clips[i],
                tracks=tuple(face.track for face in group),
                samples=own[i],
                departure=departure,
                severity=_severity(departure, len(pictures)),
                best=_shown(group, min(own[i], key=lambda sample: abs(sample.pose.yaw) + abs(sample.pose.pitch))),
                worst=_shown(group, _worst(own[i], [pictures] if pictures else others or [own[i]])),
            )
        )
    table = np.array([[0.0 if a is b else identity_distance(a, b) for b in own] for a in own])
    return Person(tuple(appearances), table, bool(pictures) or right is not None or len(clips) > 2, character)


def _severity(departure: Shift | None, pictures: int) -> float:
    if departure is None:
        return float("nan")
    return severity_from_pictures(departure, pictures) if pictures else severity(departure)


def _departed(own: Sequence[Sample], pictures: Sequence[Sample]) -> Shift | None:
    """The shift of a clip from a character's pictures, of which one is enough."""
    return shift(own, pictures) if meet(own, pictures, least_other=1) else None


def _departure(own: Sequence[Sample], others: Sequence[Sequence[Sample]], *, count_self: bool) -> Shift | None:
    """The median shift of a clip from the others that have its poses. Of three clips and more its own, none, counts too: else
    a clip beside one that departs would depart by half of that."""
    shifts = [shift(own, other) for other in others if meet(own, other)]
    if not shifts:
        return None
    if count_self and len(shifts) > 1:
        shifts.append(shift(own, own))

    def middle(name: str) -> NDArray[np.float64]:
        values = np.array([getattr(one, name) for one in shifts], np.float64)
        known = np.isfinite(values.reshape(len(values), -1)).all(1)
        return np.median(values[known], axis=0) if known.any() else values[0]

    return Shift(middle("identity"), middle("shape"), middle("proportions"), middle("tone"), float(middle("texture")))


def _worst(own: Sequence[Sample], others: Sequence[Sequence[Sample]]) -> Sample:
    """The sample whose embedding lies furthest from the others' mean at its pose."""
    return max(own, key=lambda sample: float(np.median([identity_distance([sample], other) for other in others])))


def _shown(group: Sequence[Appearing], sample: Sample) -> Shown:
    track = next(face.track for face in group if any(one is sample for one in face.samples))
    return Shown(track, sample.frame)
