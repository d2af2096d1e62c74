"""People who cross: where they are, who stands before whom, and how tracks are counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.faces.people import person

from facefix.bench import crossings
from facefix.bench.crossings import FACE_PX, FRAMES, HEIGHT, WIDTH, Actor
from facefix.characters.bank import Bank
from facefix.characters.bible import Character, TextAnchors
from facefix.pipeline.introducing import Person
from facefix.types import Face, Track


def actor(name: str, grey: int) -> Actor:
    pixels = np.full((240, 200, 3), grey, np.uint8)
    middle = np.array([[100, 110]], np.float32)
    mask = crossings._mask((240, 200), middle[0])
    someone = Person(Character(name, Path(name), "", TextAnchors(), ()), Bank("", ()))
    return Actor(name, (pixels,), (mask,), middle, someone)


TWO = (actor("mia", 20), actor("tom", 250))


def track(places: np.ndarray) -> Track:
    """A face that is seen at these places, frame after frame."""
    five = np.array([[-18, -20], [18, -20], [0, 0], [-15, 20], [15, 20]], np.float32)
    box = np.array([-50, -60, 50, 60], np.float32)
    faces = [
        Face(t, box + np.tile(at, 2).astype(np.float32), five + at.astype(np.float32), 0.9, identity=person(1))
        for t, at in enumerate(places)
    ]
    return Track(0, 0, tuple(faces))


def test_people_cross_and_change_sides_at_the_cut() -> None:
    places, shots = crossings._paths("cross and cut", 2, np.random.default_rng(1))
    first = np.sign(places[:, 0, 0] - places[:, 1, 0])
    half = FRAMES // 2
    assert shots[half - 1] == 0 and shots[half] == 1
    assert first[0] == -first[half - 1] == first[half] == -first[-1]


def test_the_larger_stands_before_the_smaller() -> None:
    places, shots = crossings._paths("cross", 2, np.random.default_rng(1))
    frames = list(crossings.pictures(TWO, places, shots, np.random.default_rng(2)))
    assert len(frames) == FRAMES and frames[0].shape == (HEIGHT, WIDTH, 3)
    meeting = int(np.argmin(np.abs(places[:, 0, 0] - places[:, 1, 0])))
    x, y = places[meeting, 0].astype(int)
    assert frames[meeting][y, x].max() < 60


def test_a_track_that_changes_people_is_counted_as_mixed_and_swapped() -> None:
    places, _ = crossings._paths("cut", 2, np.random.default_rng(1))
    sound, swapped = places[:, 0], np.concatenate([places[: FRAMES // 2, 0], places[FRAMES // 2 :, 1]])
    right = crossings._counted("cut", TWO, ["mia", "tom"], places, [track(sound)], {0: "mia"})
    assert (right.right, right.swapped, right.mixed) == (FRAMES, 0, 0)
    wrong = crossings._counted("cut", TWO, ["mia", "tom"], places, [track(swapped)], {0: "mia"})
    assert (wrong.right, wrong.swapped, wrong.mixed) == (FRAMES // 2, FRAMES // 2, 1)
    stranger = crossings._counted("cut", TWO, ["tom"], places, [track(sound)], {0: None})
    assert stranger.right == FRAMES and stranger.unknown == 0


def test_who_is_covered_is_not_asked_for() -> None:
    places = np.array([[300.0, 180.0], [300.0 + 0.3 * FACE_PX, 180.0]])
    assert crossings._shown(places[1].astype(np.float32), places) is None
    assert crossings._shown(places[0].astype(np.float32), places) == 0
