"""Faces of a clip and characters: nobody is swapped, and doubt stays doubt."""

from __future__ import annotations

import math

import numpy as np
from tests.faces.people import person

from facefix.characters import matching
from facefix.characters.matching import Candidate, match
from facefix.types import Span

NEAR = 0.5
NAMES = ["mia", "tom"]
NAN = math.nan


def seen(track: int, mia: float, tom: float, span: tuple[int, int] = (0, 100), shot: int = 0) -> Candidate:
    return Candidate(track, shot, Span(*span), {"mia": mia, "tom": tom})


def given(*candidates: Candidate, margin: float = matching.MARGIN) -> list[str | None]:
    return [m.character for m in match(candidates, NAMES, NEAR, margin)]


def test_each_face_goes_to_its_own() -> None:
    assert given(seen(0, 0.7, 0.2), seen(1, 0.25, 0.8)) == ["tom", "mia"]


def test_the_whole_shot_is_assigned_at_once() -> None:
    # Each for itself both would be mia; together only one way round is cheap.
    pair = (seen(0, 0.20, 0.45), seen(1, 0.15, 0.80))
    assert given(*pair, margin=0) == ["tom", "mia"]


def test_a_tie_is_nobody_and_says_so() -> None:
    (found,) = match([seen(0, 0.30, 0.33)], NAMES, NEAR)
    assert found.character is None and "unknown" in found.why and "--map 0=NAME" in found.why


def test_a_weak_match_is_nobody() -> None:
    (found,) = match([seen(0, 0.55, 0.9)], NAMES, NEAR)
    assert found.character is None and "0.55" in found.why and "mia" in found.why


def test_two_faces_of_a_moment_are_never_one_person() -> None:
    assert given(seen(0, 0.2, 0.9), seen(1, 0.4, 0.9)) == ["mia", None]
    # Nearly as near: then neither.
    assert given(seen(0, 0.2, 0.9), seen(1, 0.25, 0.9)) == [None, None]


def test_one_person_may_come_back_in_a_shot_and_in_the_next() -> None:
    parts = (seen(0, 0.2, 0.9, (0, 40)), seen(1, 0.3, 0.9, (60, 100)), seen(2, 0.25, 0.9, (100, 200), shot=1))
    assert given(*parts) == ["mia", "mia", "mia"]


def test_a_face_never_seen_well_is_nobody_and_stands_in_nobodys_way() -> None:
    found = match([seen(0, NAN, NAN), seen(1, 0.2, 0.9)], NAMES, NEAR)
    assert [m.character for m in found] == [None, "mia"]
    assert "too small or turned too far" in found[0].why and math.isnan(found[0].distance)


def test_nobody_asked_for_is_nobody_matched() -> None:
    assert match([], NAMES, NEAR) == []


def test_the_distance_is_to_the_nearest_view_and_forgives_some_bad_frames() -> None:
    bank = np.stack([person(1), person(2)])
    near = person(2) + np.float32(0.01)
    assert matching.distance_to([near, near, person(7)], bank) < 0.2
    assert math.isnan(matching.distance_to([], bank)) and math.isnan(matching.distance_to([near], bank[:0]))


def test_many_crossings_without_one_swap() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        truth = rng.permutation(3)
        candidates = []
        for track, who in enumerate(truth):
            distances = {name: float(rng.normal(0.75, 0.08)) for name in "abc"}
            distances["abc"[who]] = float(rng.normal(0.33, 0.09))
            candidates.append(Candidate(track, 0, Span(0, 10), distances))
        for found, who in zip(match(candidates, list("abc"), NEAR), truth, strict=True):
            assert found.character in (None, "abc"[who])


def parted(*parts: tuple[float, float]) -> Candidate:
    """A track that lies at its parts' median from mia and tom."""
    mia, tom = np.median(np.array(parts), axis=0)
    return Candidate(0, 0, Span(0, 100), {"mia": mia, "tom": tom}, tuple({"mia": a, "tom": b} for a, b in parts))


def test_a_track_that_is_two_people_is_nobodys() -> None:
    def found(*parts: tuple[float, float]) -> matching.Match:
        return match([parted(*parts)], NAMES, NEAR, stranger=0.6)[0]

    assert found((0.2, 0.7), (0.3, 0.7), (0.45, 0.7)).character == "mia"
    swapped = found((0.2, 0.7), (0.2, 0.7), (0.7, 0.2))
    assert swapped.character is None and "part 3 of 3" in swapped.why and "tom" not in swapped.why.split("another")[0]
    assert found((0.2, 0.7), (0.25, 0.7), (0.65, 0.9)).character is None
    nearer = found((0.2, 0.7), (0.2, 0.7), (0.45, 0.3))
    assert nearer.character is None and "nearer to tom" in nearer.why and "--map 0=NAME" in nearer.why
