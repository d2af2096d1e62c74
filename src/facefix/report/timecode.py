"""Frame numbers as editors count time."""

from __future__ import annotations

from fractions import Fraction

from facefix.types import Span

_DROP = Fraction(1001, 1000)
"""NTSC's rates are this much slower than the whole number they are counted at."""
_NEAR = Fraction(1, 2000)


def timecode(frame: int, rate: Fraction | None) -> str:
    """`hh:mm:ss:ff` as in SMPTE ST 12-1, not dropping, counted from 00:00:00:00 at the clip's first frame.

    At a rate that is no whole number of frames, nor NTSC's share of one (23.976, 29.97, 59.94), seconds: `h:mm:ss.cc`.
    rate: frames per second; without one there is no time, and the answer is "".
    """
    if not rate:
        return ""
    count = counted(rate)
    if count is None:
        hundredths = round(frame / rate * 100)
        return f"{hundredths // 360000}:{hundredths // 6000 % 60:02}:{hundredths // 100 % 60:02}.{hundredths % 100:02}"
    seconds, rest = divmod(frame, count)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{rest:02}"


def frames(span: Span) -> str:
    """`40-58`: the first frame and the one behind the last, as `--range` takes them."""
    return f"{span.start}-{span.end}"


def times(span: Span, rate: Fraction | None) -> str:
    """In and out point, the out point being the frame behind the last, as in an edit decision list; "" without a rate."""
    return f"{timecode(span.start, rate)}-{timecode(span.end, rate)}" if rate else ""


def exact(rate: Fraction) -> Fraction:
    """The rate that a container's average is about: a whole number, or NTSC's share of one; itself where it is neither."""
    right = min(Fraction(round(rate)), round(rate * _DROP) / _DROP, key=lambda known: abs(rate - known))
    return right if right and abs(rate - right) <= _NEAR * rate else rate


def counted(rate: Fraction) -> int | None:
    """Frames that are counted as one second; None at a rate that is no whole number, nor NTSC's share of one."""
    for whole in (rate, rate * _DROP):
        if round(whole) > 0 and abs(whole - round(whole)) <= _NEAR * whole:
            return round(whole)
    return None
