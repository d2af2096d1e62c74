"""How people write parts of a clip: frames, times, and ranges of them.

What is written is an option's value: errors name the option.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from facefix.errors import SettingsError


@dataclass(frozen=True, slots=True)
class RangeEnd:
    """One end of a range: a frame number or a time in seconds, the other None; both None: open."""

    frame: int | None = None
    seconds: Fraction | None = None


def parse_range(text: str) -> tuple[RangeEnd, RangeEnd]:
    """Read "40-58", "1.5s-3s", "0:01-0:03.5", "40-" or "-58".

    Raises:
        SettingsError: the text is none of these, or the range is empty.
    """
    head, dash, tail = text.replace(" ", "").partition("-")
    if not dash or not (head or tail):
        raise SettingsError(f"--range {text}: write frames as 40-58 or times as 1.5s-3s or 0:01-0:03.")
    first, last = _range_end(head, text), _range_end(tail, text)
    for a, b in ((first.frame, last.frame), (first.seconds, last.seconds)):
        if a is not None and b is not None and a >= b:
            raise SettingsError(f"--range {text}: the end must come after the start.")
    return first, last


def parse_frames(words: Iterable[str]) -> list[RangeEnd]:
    """Read "40", "1.5s" or "0:01", each for itself.

    Raises:
        SettingsError: one is none of these.
    """
    found = []
    for word in words:
        one = _range_end(word, word, "--frames", "frames as 40 or times as 1.5s or 0:01")
        if one == RangeEnd():
            raise SettingsError(f"--frames {word}: name a frame.")
        found.append(one)
    return found


def _range_end(
    text: str, whole: str, flag: str = "--range", how: str = "frames as 40-58 or times as 1.5s-3s or 0:01-0:03"
) -> RangeEnd:
    if not text:
        return RangeEnd()
    if text.isdecimal():
        return RangeEnd(frame=int(text))
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)s", text):
        return RangeEnd(seconds=Fraction(match[1]))
    if match := re.fullmatch(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)", text):
        return RangeEnd(seconds=int(match[1] or 0) * 3600 + int(match[2]) * 60 + Fraction(match[3]))
    raise SettingsError(f"{flag} {whole}: cannot read {text!r}; write {how}.")
