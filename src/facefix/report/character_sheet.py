"""A character on one sheet: its views, what they lack, and the words that go with them; as a picture and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from facefix.types import Pixels

VIEW_PX, MASTER_PX = 256, 556
"""Sides of the squares that faces are shown in: the master is as high as two views and what lies between them."""
_GAP, _LINE, _HEAD = 8, 22, 46
_CAPTION = 2 * _LINE
"""Room below each picture: its file and what it shows do not go into one line."""
_PAPER, _INK, _DIM, _WARN = (24, 26, 29), (226, 230, 234), (150, 160, 170), (232, 176, 84)
_COLUMNS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One view."""

    caption: str
    pixels: Pixels
    """(S, S, 3) RGB uint8: the face, cut so that its surroundings show."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """All that a sheet shows."""

    name: str
    facts: Sequence[tuple[str, str]]
    """(what, words)."""
    missing: Sequence[str]
    """Sentences."""
    pictures: Sequence[Picture]
    """The master first; at least one."""


def png(sheet: Sheet) -> bytes:
    """The sheet as a PNG file."""
    views = sheet.pictures[1:]
    rows = max(2, -(-len(views) // _COLUMNS))
    columns = min(_COLUMNS, max(1, len(views)))
    width = _GAP + MASTER_PX + _GAP + columns * (VIEW_PX + _GAP)
    words = [*(_wrapped(f"{what}: {text}", width, _INK) for what, text in sheet.facts if text)]
    words += [_wrapped(sentence, width, _WARN) for sentence in sheet.missing]
    lines = [line for block in words for line in block]
    grid = rows * (VIEW_PX + _CAPTION)
    paper = np.full((_HEAD + grid + _GAP + _LINE * len(lines) + _GAP, width, 3), _PAPER, np.uint8)
    _write(paper, sheet.name, _GAP, 30, _INK, 0.8)
    _put(paper, sheet.pictures[0], _GAP, _HEAD, MASTER_PX)
    for number, picture in enumerate(views):
        x = 2 * _GAP + MASTER_PX + number % _COLUMNS * (VIEW_PX + _GAP)
        _put(paper, picture, x, _HEAD + number // _COLUMNS * (VIEW_PX + _CAPTION), VIEW_PX)
    for number, (text, colour) in enumerate(lines):
        _write(paper, text, _GAP, _HEAD + grid + _GAP + _LINE * number + 16, colour)
    return bytes(cv2.imencode(".png", cv2.cvtColor(paper, cv2.COLOR_RGB2BGR))[1])


def html(sheet: Sheet) -> str:
    """The sheet as a page that needs nothing beside it."""
    from facefix.report.html import rendering

    views = [{"caption": one.caption, "image": rendering.picture(_jpeg(one.pixels))} for one in sheet.pictures]
    facts = [(what, text) for what, text in sheet.facts if text]
    missing = [text[:1].upper() + text[1:] for text in sheet.missing]
    return rendering.page("character.html.j2", name=sheet.name, facts=facts, missing=missing, views=views)


def _jpeg(pixels: Pixels) -> bytes:
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])[1])


def _put(paper: Pixels, picture: Picture, x: int, y: int, side: int) -> None:
    way = cv2.INTER_AREA if picture.pixels.shape[0] > side else cv2.INTER_CUBIC
    paper[y : y + side, x : x + side] = cv2.resize(np.asarray(picture.pixels, np.uint8), (side, side), interpolation=way)
    for number, (text, colour) in enumerate(_wrapped(picture.caption, side, _DIM)[:2]):
        _write(paper, text, x, y + side + 15 + number * (_LINE - 4), colour)


def _wrapped(text: str, width: int, colour: tuple[int, int, int]) -> list[tuple[str, tuple[int, int, int]]]:
    import textwrap

    return [(line, colour) for line in textwrap.wrap(text, max(20, width // 8))]


def _write(paper: Pixels, text: str, x: int, y: int, colour: tuple[int, int, int], size: float = 0.45) -> None:
    # OpenCV's built-in letters are ASCII only.
    plain = text.encode("ascii", "replace").decode("ascii")
    cv2.putText(paper, plain, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
