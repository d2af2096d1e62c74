"""Before and after in one picture, and what is said below it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from facefix.report.comparison import FORMS, Caption, Comparison
from facefix.types import Pixels, Span

RATE = Fraction(24)
WARP = Caption("warp", Span(10, 20), 0.72, "repaired")
WAXY = Caption("waxy", Span(15, 40), 0.41, "left as it is")


def _pictures(width: int = 320, height: int = 180, kind: type = np.uint8) -> tuple[Pixels, Pixels]:
    top = np.iinfo(kind).max
    return np.full((height, width, 3), top // 4, kind), np.full((height, width, 3), 3 * (top // 4), kind)


def _bar(comparison: Comparison, frame: int) -> Pixels:
    before, after = _pictures()
    return comparison.picture(before, after, frame)[180:]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(320, 180), (97, 63), (180, 320), (1920, 1080)])
@pytest.mark.parametrize("form", list(FORMS))
def test_the_picture_has_the_size_that_was_announced(form: str, size: tuple[int, int], kind: type) -> None:
    comparison = Comparison(form, (WARP, WAXY), RATE)
    for frame in (0, 16):
        picture = comparison.picture(*_pictures(*size, kind), frame)
        assert picture.dtype == kind and picture.shape[1::-1] == comparison.size(*size)
    assert comparison.size(*size)[1] % 2 == 0


def test_side_by_side_shows_both_untouched() -> None:
    before, after = _pictures()
    shown = Comparison("side", (WARP,), RATE).picture(before, after, 12)[:180]
    assert np.array_equal(shown, np.concatenate([before, after], axis=1))


def test_the_wipe_swings_over_the_picture() -> None:
    before, after = _pictures()
    comparison = Comparison("wipe", (), RATE)
    shares = []
    for frame in range(0, 96, 6):
        shown = comparison.picture(before, after, frame)[90, :, 0]
        edge = int(np.flatnonzero(shown == after[0, 0, 0])[0])
        assert (shown[: edge - 8] == before[0, 0, 0]).all() and (shown[edge:] == after[0, 0, 0]).all()
        shares.append(edge / 320)
    assert min(shares) < 0.12 and max(shares) > 0.88


def test_captions_stand_while_their_finding_lasts() -> None:
    comparison = Comparison("side", (WARP, WAXY), RATE)
    red = [
        bool((_bar(comparison, frame)[..., 0].astype(int) - _bar(comparison, frame)[..., 1] > 80).any())
        for frame in (9, 10, 19, 20)
    ]
    assert red == [False, True, True, False]
    none, one, both = (_bar(comparison, frame) for frame in (5, 12, 16))
    rows = [(bar.astype(int)[:, :, :].max(axis=(1, 2)) > 150).sum() for bar in (none, one, both)]
    assert rows[0] < rows[1] < rows[2]


def test_more_than_three_captions_are_counted() -> None:
    many = tuple(Caption("warp", Span(0, 9), severity / 10, "repaired") for severity in range(3, 8))
    lines = Comparison("side", many, RATE)._lines(many)
    assert [caption.severity for caption, _ in lines] == [0.7, 0.6, 0.5]
    assert lines[-1][1] == "warp, slight, 00:00:00:00-00:00:00:09 (and 2 more)"
    assert Comparison("side", many, RATE).size(640, 360) == Comparison("side", many[:3], RATE).size(640, 360)


@pytest.mark.parametrize("width", [120, 480, 3840])
def test_text_fits_at_any_size(width: int) -> None:
    """Nothing is drawn over the other half, nor beyond the edge."""
    caption = Caption("to be generated anew", Span(0, 100000), 0.95, "left as it is")
    before, after = _pictures(width, width)
    picture = Comparison("side", (caption,), Fraction(24000, 1001)).picture(before, after, 50)
    ink = picture[width:].max(axis=2) > 60
    assert ink[:, : width - 1].any() and ink[:, width:].any()
    assert not ink[:, -2:].any() and not ink[:, :2].any()
    assert not ink[:, width - 2 : width + 2].any()


def test_whites_do_not_blind_in_hdr() -> None:
    before, after = _pictures(kind=np.uint16)
    bars = [Comparison("side", (), RATE, hdr).picture(before, after, 0)[180:].max() / 65535 for hdr in (False, True)]
    assert bars[0] > 0.85 and 0.5 < bars[1] < 0.6
