"""Before and after in one picture: side by side, or with a line that wipes over it; below, a bar that says what is seen.

Nothing is written over the pictures. Text is drawn by Pillow in the font that it carries.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from facefix.report import timecode
from facefix.report.severity import word
from facefix.types import Pixels, Span

COLOURS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {"warp": (0.91, 0.30, 0.24), "drift": (0.80, 0.40, 0.85), "flicker": (0.95, 0.77, 0.20), "waxy": (0.25, 0.80, 0.85)}
)
_OTHER_COLOUR = (0.55, 0.65, 1.0)
_TEXT_SHARE, _LEAST_TEXT_PX = {"side": 0.042, "wipe": 0.032}, 13
"""Height of the text as a share of one picture's shorter side, and at least: two side by side are seen at half the size."""
_MOST_CAPTIONS = 3
_PERIOD_S = 4.0
"""From left to right and back again."""
_REACH = 0.42
"""How far the line goes to either side of the middle, as a share of the width."""
_GROUND, _INK, _DIM = 0.07, 0.92, 0.60
_INK_HDR = 0.58
"""White of subtitles in PQ, 203 nits (ITU-R BT.2408); in HLG a little brighter."""
_LEAST_FIT = 0.6


@dataclass(frozen=True, slots=True)
class Caption:
    """What is said below the pictures while it lasts."""

    mode: str
    span: Span
    """Frames of the clip."""
    severity: float
    fate: str
    """What becomes of it: "repaired", "left as it is"."""

    def text(self, rate: Fraction | None) -> str:
        """`warp, obvious, 00:00:01:16-00:00:02:10`."""
        return f"{self.mode}, {word(self.severity)}, {timecode.times(self.span, rate) or timecode.frames(self.span)}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """How before and after are shown."""

    form: str
    """A name in `FORMS`."""
    captions: tuple[Caption, ...]
    rate: Fraction | None
    hdr: bool = False
    """Whether full code values are blinding: PQ and HLG."""

    def size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of the picture that is made of two of that size; even where that can be had."""
        across = 2 * width if self.form == "side" else width
        return across, height + self._bar(width, height)

    def picture(self, before: Pixels, after: Pixels, frame: int) -> Pixels:
        """(H', W', 3) of two pictures (H, W, 3) of the same depth. frame: its number in the clip."""
        height, width = after.shape[:2]
        shown = FORMS[self.form](before, after, frame / float(self.rate or 25))
        rows = [c for c in self.captions if frame in c.span]
        bar = self._drawn(shown.shape[1], self._bar(width, height), self._text_px(width, height), tuple(rows), frame)
        top = np.iinfo(after.dtype).max
        return np.concatenate([shown, np.rint(bar * (top / 255)).astype(after.dtype)])

    def _text_px(self, width: int, height: int) -> int:
        return max(_LEAST_TEXT_PX, round(_TEXT_SHARE[self.form] * min(width, height)))

    def _bar(self, width: int, height: int) -> int:
        """Its height: one line of labels, and as many of captions as are ever needed at once."""
        line = round(1.5 * self._text_px(width, height))
        bar = (1 + self._most()) * line + line // 3
        return bar + (height + bar) % 2

    def _most(self) -> int:
        starts = [c.span.start for c in self.captions]
        return min(_MOST_CAPTIONS, max((sum(start in c.span for c in self.captions) for start in starts), default=0))

    def _drawn(self, width: int, height: int, text_px: int, rows: tuple[Caption, ...], frame: int) -> np.ndarray:
        """(height, width, 3) 0..255: the bar."""
        image = Image.new("RGB", (width, height), _grey(_GROUND))
        draw = ImageDraw.Draw(image)
        ink, side = _INK_HDR if self.hdr else _INK, self.form == "side"
        middle, line, margin = width // 2, round(1.5 * text_px), round(0.7 * text_px)
        first, after_x = line // 6, middle + margin if side else width - margin
        _put(draw, (margin, first), "BEFORE", text_px, ink)
        _put(draw, (after_x, first), "AFTER", text_px, ink, right=not side)
        labels_px = _length(draw, "AFTER" if side else "BEFOREAFTER", text_px)
        room = width - 4 * margin - labels_px - (middle if side else 0)
        clock = self._clock(frame, lambda text: _length(draw, text, text_px) <= room)
        _put(draw, (width - margin if side else middle, first), clock, text_px, _DIM * ink, right=side, centre=not side)
        for number, (caption, text) in enumerate(self._lines(rows), start=1):
            y, size = first + number * line, round(0.6 * text_px)
            colour = COLOURS.get(caption.mode, _OTHER_COLOUR)
            red, green, blue = (round(255 * ink * part) for part in colour)
            draw.ellipse((margin, y + text_px // 4, margin + size, y + text_px // 4 + size), fill=(red, green, blue))
            left, end = 2 * margin + size, (middle if side else width) - margin
            _put(draw, (left, y), text if side else f"{text}: {caption.fate}", text_px, ink, room=end - left)
            if side:
                _put(draw, (after_x, y), caption.fate, text_px, ink, room=width - margin - after_x)
        return np.asarray(image)

    def _clock(self, frame: int, fits: Callable[[str], bool]) -> str:
        """Time code and number of a frame, or as much of them as fits."""
        time = timecode.timecode(frame, self.rate)
        return next(filter(fits, (f"{time}  frame {frame}".strip(), time, str(frame))), "")

    def _lines(self, rows: Sequence[Caption]) -> list[tuple[Caption, str]]:
        """The worst ones, with their texts; the last says how many there are beyond."""
        worst = sorted(rows, key=lambda c: (-c.severity, c.span.start))
        shown = [(caption, caption.text(self.rate)) for caption in worst[:_MOST_CAPTIONS]]
        if beyond := len(worst) - len(shown):
            shown[-1] = (shown[-1][0], f"{shown[-1][1]} (and {beyond} more)")
        return shown


def _side(before: Pixels, after: Pixels, seconds: float) -> Pixels:
    return np.concatenate([before, after], axis=1)


def _wipe(before: Pixels, after: Pixels, seconds: float) -> Pixels:
    """Left of a line that swings to and fro what was before, right of it what is after."""
    height, width = after.shape[:2]
    place = round(width * (0.5 + _REACH * math.sin(2 * math.pi * seconds / _PERIOD_S)))
    shown = after.copy()
    shown[:, :place] = before[:, :place]
    half = max(1, round(min(height, width) / 500))
    top = np.iinfo(after.dtype).max
    shown[:, max(0, place - 2 * half) : place + 2 * half] = round(0.1 * top)
    shown[:, max(0, place - half) : place + half] = round(0.75 * top)
    return shown


FORMS: Mapping[str, Callable[[Pixels, Pixels, float], Pixels]] = MappingProxyType({"side": _side, "wipe": _wipe})
"""Name -> what makes one picture of before, after and the time in seconds."""


def _put(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    text_px: int,
    ink: float,
    *,
    right: bool = False,
    centre: bool = False,
    room: int | None = None,
) -> None:
    """Write a line with its top at `place`, smaller where it does not fit into `room` pixels, cut where that is not enough."""
    size = text_px
    while room is not None and size > _LEAST_FIT * text_px and _length(draw, text, size) > room:
        size -= 1
    while room is not None and len(text) > 4 and _length(draw, text, size) > room:
        text = f"{text.rstrip('.')[:-1]}..."
    anchor = "ra" if right else "ma" if centre else "la"
    draw.text((place[0], place[1] + (text_px - size) // 2), text, _grey(ink), _font(size), anchor)


def _length(draw: ImageDraw.ImageDraw, text: str, text_px: int) -> int:
    """In pixels."""
    return round(draw.textlength(text, _font(text_px)))


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _grey(level: float) -> tuple[int, int, int]:
    value = round(255 * level)
    return value, value, value
