"""The bench of comparisons: what it makes of people whose drift is known, and how parts are made to drift."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from tests.bench.portrait import portrait
from tests.characters.samples import appearing, changed, sampled

from facefix.bench import consistency
from facefix.bench.consistency import Ranked
from facefix.types import Span

SEVERITIES = (0.0, 0.9, 0.3, 0.0, 0.7, 0.5)


def _ranked(person: int, severities=SEVERITIES) -> Ranked:
    """Parts that differ by as much as they drift."""
    faces = tuple(
        appearing(changed(sampled(person, seed=i), "nose width", 1 - 0.4 * s, tone=(0, 0, 5 * s * (-1) ** i), seed=i), i)
        for i, s in enumerate(severities)
    )
    return Ranked(f"person {person}", "fit", "constant", severities, faces)


def test_what_departs_more_ranks_higher_by_either_measure() -> None:
    one = _ranked(1)
    assert one.spearman(False) > 0.9 and one.spearman(True) > 0.9
    assert np.isnan(one.departures(True)[0]) and np.isfinite(one.departures(True)[1:]).all()
    assert one.false_words == (0, 2)


def test_people_are_told_apart_and_found_again() -> None:
    told = consistency.summary([_ranked(1, (0.0, 0.0, 0.3)), _ranked(2, (0.0, 0.3, 0.0))])
    assert told["pairs"] == {"same": 6, "other": 9}
    assert told["limits"]["0.6"] == {"split": 0.0, "merged": 0.0}
    assert told["groups"] == {"made": 2, "of_several_people": 0}


def test_two_names_of_one_person_are_counted_as_a_wrong_merge() -> None:
    told = consistency.summary([_ranked(1, (0.0, 0.0, 0.3)), replace(_ranked(1, (0.0, 0.3, 0.0)), person="again")])
    assert told["limits"]["0.6"]["merged"] == 1.0 and told["groups"]["of_several_people"] == 1


def test_the_table_has_a_line_per_limit() -> None:
    text = "\n".join(consistency.lines("fit", [_ranked(1), _ranked(2)]))
    assert text.startswith("fit: 2 people, 6 clips of each")
    assert "0.6 (compare)" in text and text.count("%") == 2 * (1 + len(consistency.LIMITS))


class _Still:
    """A clean clip of one picture."""

    def __init__(self) -> None:
        frames, points = portrait()
        self.picture, self.five = frames[0], points[0]
        self.rate = Fraction(25)

    def pictures(self):
        return (self.picture for _ in range(20))

    def points_at(self):
        return np.repeat(self.five[None].astype(np.float32), 20, axis=0)


@pytest.mark.parametrize(("way", "first_share"), [("constant", 1.0), ("ramp", 0.3)])
def test_a_part_drifts_from_its_first_frame_on_or_more_and_more(way: str, first_share: float) -> None:
    clip = _Still()
    made = list(consistency._drifting(clip, Span(5, 15), 0.8, 3, way))
    change = [np.abs(picture.astype(float) - clip.picture).mean() for picture in made]
    assert len(made) == 10 and change[-1] > 0.1
    assert change[0] == pytest.approx(change[-1]) if way == "constant" else change[0] < first_share * change[-1]
    assert all(np.array_equal(p, clip.picture) for p in consistency._drifting(clip, Span(5, 15), 0.0, 3, way))
