from fractions import Fraction

import pytest

from facefix.errors import SettingsError
from facefix.ranges import RangeEnd, parse_range


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("40-58", RangeEnd(frame=40), RangeEnd(frame=58)),
        ("1.5s-3s", RangeEnd(seconds=Fraction(3, 2)), RangeEnd(seconds=Fraction(3))),
        ("0:01-1:00:02.25", RangeEnd(seconds=Fraction(1)), RangeEnd(seconds=3602 + Fraction(1, 4))),
        ("40-", RangeEnd(frame=40), RangeEnd()),
        ("-2s", RangeEnd(), RangeEnd(seconds=Fraction(2))),
    ],
)
def test_ranges_that_people_write(text: str, first: RangeEnd, last: RangeEnd) -> None:
    assert parse_range(text) == (first, last)


@pytest.mark.parametrize("text", ["", "-", "40", "58-40", "40-40", "3s-1s", "a-b", "1.5-3"])
def test_ranges_that_make_no_sense_say_so(text: str) -> None:
    with pytest.raises(SettingsError, match="--range"):
        parse_range(text)
