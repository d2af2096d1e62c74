"""Who is who."""

from __future__ import annotations

from tests.characters.samples import appearing, changed, sampled

from facefix.characters.people import doubts, together


def test_a_person_is_found_again_in_another_clip() -> None:
    faces = [appearing(sampled(p, seed=clip), clip, track=p) for clip in range(3) for p in (1, 2)]
    groups = together(faces)
    assert [{(f.clip, f.track) for f in group} for group in groups] == [{(c, p) for c in range(3)} for p in (1, 2)]


def test_two_faces_in_one_picture_are_two_people() -> None:
    first, twin = appearing(sampled(1), 0, 0), appearing(sampled(1, seed=1), 0, 1)
    other = appearing(sampled(1, seed=2), 1)
    groups = together([first, twin, other])
    assert sorted(len(group) for group in groups) == [1, 2]
    assert not any(first in group and twin in group for group in groups)


def test_one_after_the_other_they_may_be_one() -> None:
    first = appearing(sampled(1), 0, 0, 0, 50)
    again = appearing(sampled(1, seed=1), 0, 1, 50, 100)
    assert together([first, again]) == [(first, again)]


def test_who_was_not_measured_is_nobody() -> None:
    seen = appearing(sampled(1), 0)
    assert together([seen, appearing((), 1)]) == [(seen,)]
    assert together([appearing((), 0)]) == []


def test_a_head_turned_further_is_no_other_person() -> None:
    straight, turned = sampled(1, count=16, spread=40), sampled(1, count=16, seed=1, yaw=20, spread=20)
    assert len(together([appearing(straight, 0), appearing(turned, 1)])) == 1


def test_who_nearly_is_somebody_is_doubted_and_a_stranger_is_not() -> None:
    faces = [appearing(sampled(1, seed=clip), clip) for clip in range(3)]
    lost = appearing(changed(sampled(1, seed=3), "nose width", 0.6), 3)
    groups = together([*faces, lost, appearing(sampled(2), 3, track=1)])
    assert [len(group) for group in groups] == [3, 1, 1]
    (doubt,) = doubts(groups)
    assert (doubt.person, doubt.other) == (groups.index((lost,)), 0) and 0.6 < doubt.unlikeness < 0.8


def test_two_who_meet_are_never_doubted() -> None:
    group = together([appearing(sampled(1), 0), appearing(sampled(1, seed=1), 1), appearing(sampled(1, seed=2), 1, track=1)])
    assert len(group) == 2 and doubts(group) == []
