"""A face is like itself, and less like others, in every measure."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from tests.characters.test_bank import look
from tests.faces.people import person

from facefix.faces import likeness
from facefix.faces.mesh import shape


def test_a_look_is_at_no_distance_from_itself_and_both_ways_are_as_long() -> None:
    one, other = look(1), look(2)
    same, there, back = likeness.distances(one, one), likeness.distances(one, other), likeness.distances(other, one)
    assert max(same.identity, same.tone, same.texture, abs(same.shape)) < 1e-6
    assert there == back and there.identity > likeness.SAME and there.texture > 0.1


def test_who_cannot_be_told_is_not_at_distance_nothing() -> None:
    assert math.isnan(likeness.distances(look(1), look(1, known=False)).identity)
    assert math.isnan(likeness.to_nearest(None, [person(1)])) and math.isnan(likeness.to_nearest(person(1), []))


def test_the_nearest_of_the_known_counts() -> None:
    assert likeness.to_nearest(person(2), [person(1), person(2)]) == 0


def test_twice_the_amplitude_is_log_two_away() -> None:
    one = look(1)
    rougher = replace(one, texture=4 * one.texture)
    assert abs(likeness.distances(one, rougher).texture - math.log(2)) < 1e-3


def test_the_skins_tone_is_that_of_the_skin() -> None:
    mesh = np.float32(shape.load().mean * 90 + [128, 128, 0])
    picture = np.full((256, 256, 3), 0.1, np.float32)
    inside = np.linalg.norm(np.mgrid[:256, :256] - 128, axis=0) < 120
    picture[inside] = [0.8, 0.6, 0.5]
    lightness, red, yellow = likeness.skin_tone(picture, mesh)
    assert 65 < lightness < 72 and red > 5 and yellow > 5
