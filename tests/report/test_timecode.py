from fractions import Fraction

import pytest

from facefix.report.timecode import timecode, times
from facefix.types import Span


@pytest.mark.parametrize(
    ("frame", "rate", "shown"),
    [
        (0, Fraction(24), "00:00:00:00"),
        (58, Fraction(24), "00:00:02:10"),
        (24 * 3600 + 23, Fraction(24), "01:00:00:23"),
        (59, Fraction(30000, 1001), "00:00:01:29"),
        (1440, Fraction(24000, 1001), "00:01:00:00"),
        (119, Fraction(60000, 1001), "00:00:01:59"),
        (9, Fraction(8), "00:00:01:01"),
        (40, Fraction(25, 2), "0:00:03.20"),
        (153, Fraction(1494000, 50125), "0:00:05.13"),
        (45000, Fraction(25, 2), "1:00:00.00"),
        (40, None, ""),
    ],
)
def test_frames_as_editors_count_them(frame: int, rate: Fraction | None, shown: str) -> None:
    assert timecode(frame, rate) == shown


def test_the_out_point_is_the_frame_behind_the_last() -> None:
    assert times(Span(40, 58), Fraction(25)) == "00:00:01:15-00:00:02:08"
    assert times(Span(40, 58), None) == ""
