"""How far a person's clips lie apart, in numbers and words."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.characters.samples import appearing, changed, sampled

from facefix.characters.consistency import person
from facefix.characters.shifts import meet, shift
from facefix.characters.wording import measures, sentences


def _clips(*others):
    """Three sound clips of one person and others."""
    sets = [*(sampled(1, seed=seed) for seed in range(3)), *others]
    return [appearing(samples, clip) for clip, samples in enumerate(sets)]


def test_the_clip_that_differs_is_the_one_that_departs() -> None:
    found = person(_clips(changed(sampled(1, seed=9), "nose width", 0.75, tone=(0, 0, -8))))
    severities = [one.severity for one in found.appearances]
    assert int(np.argmax(severities)) == 3 and severities[3] > 2 * max(severities[:3])
    assert found.told_apart
    words = sentences(found.appearances[3].departure)
    assert "skin cooler" in words and any("nose" in word and "narrower" in word for word in words)
    assert not any(sentences(one.departure) for one in found.appearances[:3])


def test_the_percentage_is_that_of_the_change() -> None:
    departure = shift(changed(sampled(1, count=20), "jaw width", 1.25), sampled(1, count=20, seed=1))
    assert measures(departure)["jaw width"] == pytest.approx(25, abs=1.5)
    assert sentences(departure)[0].startswith("jaw 2") and sentences(departure)[0].endswith("% wider")


def test_what_the_light_explains_is_no_change_of_the_skin() -> None:
    same, lit = sampled(1), changed(sampled(1, seed=1), "nose width", tone=(0, 0, 12), lit=True)
    assert abs(shift(lit, same).tone[2]) < 1
    assert 5 < shift(changed(lit, "nose width", tone=(0, 0, 12)), same).tone[2] < 8, "doubt is left after a change of light"
    assert shift(changed(sampled(1, seed=1), "nose width", tone=(0, 0, 12)), same).tone[2] > 11


def test_a_reference_decides_against_the_majority() -> None:
    odd = [changed(sampled(1, seed=seed), "nose width", 0.75) for seed in (5, 6)]
    faces = [appearing(samples, clip) for clip, samples in enumerate([sampled(1), *odd])]
    by_most, by_first = person(faces), person(faces, reference=0)
    assert by_most.appearances[0].severity > by_most.appearances[1].severity
    assert by_first.appearances[0].departure is None and math.isnan(by_first.appearances[0].severity)
    assert any("nose" in word for word in sentences(by_first.appearances[1].departure))


def test_of_two_clips_neither_can_be_blamed() -> None:
    faces = [appearing(sampled(1), 0), appearing(changed(sampled(1, seed=1), "nose width", 0.7, tone=(0, 15, 15)), 1)]
    found = person(faces)
    assert not found.told_apart and found.departed == ()
    assert found.appearances[0].severity == pytest.approx(found.appearances[1].severity)
    assert person(faces, reference=0).told_apart


def test_poses_that_never_meet_are_not_compared() -> None:
    left, right = sampled(1, yaw=-35), sampled(1, yaw=35)
    assert not meet(left, right)
    found = person([appearing(left, 0), appearing(right, 1)])
    assert all(one.departure is None and math.isnan(one.severity) and not one.off for one in found.appearances)


def test_like_is_held_against_like() -> None:
    """A clip that shows the same face mostly from the other side does not differ for that."""
    wide, side = sampled(1, count=30, spread=30), sampled(1, count=30, seed=1, yaw=15, spread=15)
    plain = np.linalg.norm(np.mean([s.identity for s in wide], 0) - np.mean([s.identity for s in side], 0))
    assert np.linalg.norm(shift(wide, side).identity) < 0.75 * plain


def test_the_worst_frame_is_the_strangest() -> None:
    samples = list(sampled(1, count=10))
    samples[6] = sampled(2, count=10)[6]
    found = person([appearing(tuple(samples), 0), appearing(sampled(1, seed=1), 1)])
    assert found.appearances[0].worst.frame == 6


def test_a_characters_pictures_say_which_clip_is_right_though_most_are_wrong() -> None:
    off = [changed(sampled(1, seed=seed), "nose width", 0.75, tone=(-10, 12, 20)) for seed in (5, 6)]
    faces = [appearing(samples, clip) for clip, samples in enumerate([*off, sampled(1)])]
    found = person(faces, character="mia", pictures=sampled(1, count=3, seed=8))
    assert found.character == "mia" and found.told_apart
    assert [one.clip for one in found.departed] == [0, 1] and found.appearances[2].severity < 0.3


def test_one_picture_judges_one_clip_but_not_a_pose_it_does_not_show() -> None:
    one = person([appearing(sampled(1), 0)], character="mia", pictures=sampled(1, count=1, seed=8))
    assert one.told_apart and one.appearances[0].severity < 0.3
    aside = person([appearing(sampled(1, yaw=40), 0)], character="mia", pictures=sampled(1, count=1, seed=8))
    assert aside.appearances[0].departure is None
