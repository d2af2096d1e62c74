"""Which clips of a folder show somebody new."""

from __future__ import annotations

import numpy as np
from tests.faces.people import person

from facefix.bench import casts
from facefix.faces.mesh import shape
from facefix.types import Look, Pose


def looks(seed: int, identity: bool = True) -> list[Look]:
    """Three of one person, whose features and embedding tremble a little."""
    rng = np.random.default_rng([seed, 7])
    mean, axes = shape.load().mean, np.random.default_rng(seed).normal(size=(478, 3)) * 0.03
    return [
        Look(
            person(seed) + rng.normal(0, 0.01, 128).astype(np.float32) if identity else None,
            (mean + axes + rng.normal(0, 0.002, (478, 3))).astype(np.float32),
            Pose(0, 0, 0),
            np.float32([60, 12, 15]),
            np.ones((3, 8, 8), np.float32),
        )
        for _ in range(3)
    ]


def test_a_second_clip_of_a_person_is_known_and_another_person_is_not() -> None:
    assert casts.is_among(looks(1), [looks(2), looks(1)])
    assert not casts.is_among(looks(1), [looks(2), looks(3)])


def test_who_cannot_be_told_is_nobody_known() -> None:
    assert not casts.is_among(looks(1, identity=False), [looks(1)])
    assert not casts.is_among(looks(1), [])
