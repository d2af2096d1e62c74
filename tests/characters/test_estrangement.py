"""A face that is its character's from first to last, but a little beside it."""

from __future__ import annotations

import numpy as np
from tests.faces.people import person

from facefix.characters.estrangement import KNOTS, Glance, estrangement
from facefix.types import Pose

AWAY = person(7) / np.linalg.norm(person(7))


def glances(far: float | list[float], count: int = 12, noise: float = 0.01) -> list[Glance]:
    """Frames of somebody at some distance from `PICTURES`; several distances for several parts."""
    rng = np.random.default_rng(3)
    fars = np.repeat(far, count) if isinstance(far, float) else np.repeat(far, count // len(far))
    return [
        Glance(
            Pose(float(rng.uniform(-8, 8)), 0, 0),
            (person(1) + f * AWAY + noise * rng.standard_normal(128) / 11).astype(np.float32),
        )
        for f in fars
    ]


PICTURES = [Glance(Pose(yaw, 0, 0), person(1)) for yaw in (-12.0, 0.0, 12.0)]


def test_a_face_that_lies_beside_its_character_all_along_is_told_by_how_far() -> None:
    assert estrangement(glances(0.1), PICTURES) is None
    found = estrangement(glances(KNOTS[2]), PICTURES)
    assert found is not None and abs(found.severity - 0.6) < 0.1 and abs(found.distance - KNOTS[2]) < 0.02


def test_pictures_can_mend_what_they_tell_so_nothing_is_past_saving() -> None:
    found = estrangement(glances(0.59), PICTURES)
    assert found is not None and found.severity < 0.9


def test_what_changes_within_the_shot_is_the_shots_affair() -> None:
    assert estrangement(glances([0.05, 0.3, 0.5]), PICTURES) is None


def test_few_frames_or_no_pictures_tell_nothing() -> None:
    assert estrangement(glances(0.5, count=5), PICTURES) is None
    assert estrangement(glances(0.5), PICTURES[:1]) is None
    two, three = (estrangement(glances(0.4), PICTURES[:count]) for count in (2, 3))
    assert two is not None and three is not None and two.severity < three.severity
