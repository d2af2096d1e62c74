from fractions import Fraction

import pytest

from facefix.errors import SettingsError
from facefix.settings import RangeEnd, Settings, parse_range


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


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"strength": 1.5}, "--strength 1.5: must lie between 0 and 1"),
        ({"only": ("warp", "melt")}, "--only melt: choose from warp, drift, flicker, waxy, collapsed"),
        ({"restorer": "magic"}, "--restorer magic: choose from auto, none"),
        ({"generator": "klingon"}, "--generator klingon: choose from auto, none, kling, sora, runway, pika, wan, veo, hailuo"),
        ({"device": "gpu"}, "--device gpu"),
        ({"device": "cuda:0,cpu"}, "several as cuda:0,cuda:1"),
        ({"device": "cuda:0,cuda:0"}, "names a device twice"),
        ({"crf": 70}, "--crf 70"),
        ({"range": "9-1"}, "--range 9-1"),
        ({"scale": 3}, "--scale 3: choose from 1, 2, 4."),
        ({"scale": 2, "upscaler": "magic"}, "--upscaler magic: choose from auto, realesrgan, general, anime, "),
        ({"upscaler": "lanczos"}, "--upscaler lanczos: enlarges nothing without --scale 2 or --scale 4."),
    ],
)
def test_wrong_values_are_refused_with_the_flag_in_the_sentence(wrong: dict, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(**wrong)
    assert said in str(caught.value)
