"""Faces on a contact sheet: one row a face, one cell a frame, with the mesh drawn over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.types import Pixels

CELL_PX = 288
CAPTION_PX = 22
GAP_PX = 6
_BACKGROUND = (24, 24, 24)
_TEXT = (235, 235, 235)
_WIRE = (90, 230, 255)
_WIRE_SHARE = 0.45
_SHIFT = 4
"""Bits below the pixel that lines are placed with."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One frame of a face."""

    caption: str
    picture: Pixels
    """(CELL_PX, CELL_PX, 3) RGB uint8."""
    mesh: NDArray[np.float32] | None
    """(N, 2) in pixels of the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One face."""

    title: str
    cells: tuple[Cell, ...]


def png(rows: Sequence[Row], edges: NDArray[np.int64]) -> bytes:
    """The sheet as a PNG file; each cell is shown as it is and, below, with its mesh.

    edges: (E, 2) pairs of points of the mesh that a line joins.
    """
    columns = max((len(row.cells) for row in rows), default=0)
    width = columns * (CELL_PX + GAP_PX) + GAP_PX
    strips = [_strip(row, edges, width) for row in rows] or [blank(CAPTION_PX, max(width, 4 * CELL_PX), "no face found")]
    sheet = np.concatenate(strips)
    return bytes(cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))[1])


def _strip(row: Row, edges: NDArray[np.int64], width: int) -> Pixels:
    """The title, the captions, the faces, and the faces with their meshes."""
    head = blank(CAPTION_PX, width, row.title)
    body = blank(CAPTION_PX + 2 * (CELL_PX + GAP_PX), width, "")
    for column, cell in enumerate(row.cells):
        x, y = GAP_PX + column * (CELL_PX + GAP_PX), CAPTION_PX
        write(body, cell.caption, x, CAPTION_PX - 6)
        body[y : y + CELL_PX, x : x + CELL_PX] = cell.picture
        y += CELL_PX + GAP_PX // 2
        body[y : y + CELL_PX, x : x + CELL_PX] = wired(cell, edges)
    return np.concatenate([head, body])


def wired(cell: Cell, edges: NDArray[np.int64]) -> Pixels:
    """(CELL_PX, CELL_PX, 3) RGB the cell's picture with its mesh drawn over it."""
    picture = np.ascontiguousarray(cell.picture)
    if cell.mesh is None:
        return _note(picture, "no mesh: not to be believed")
    drawn = picture.copy()
    lines = np.rint(cell.mesh[edges] * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(drawn, list(lines), False, _WIRE, 1, cv2.LINE_AA, _SHIFT)
    return cv2.addWeighted(drawn, _WIRE_SHARE, picture, 1 - _WIRE_SHARE, 0).astype(np.uint8)


def _note(picture: Pixels, text: str) -> Pixels:
    dimmed = (picture * 0.5).astype(np.uint8)
    write(dimmed, text, 8, CELL_PX // 2)
    return dimmed


def blank(height: int, width: int, text: str) -> Pixels:
    """(height, width, 3) RGB background with a line of text at its top."""
    strip = np.full((height, width, 3), _BACKGROUND, np.uint8)
    write(strip, text, GAP_PX, CAPTION_PX - 6)
    return strip


def write(picture: Pixels, text: str, x: int, y: int) -> None:
    """Put a line of text into the picture, its base line beginning at x, y."""
    # OpenCV's built-in letters are ASCII only.
    plain = text.encode("ascii", "replace").decode("ascii")
    cv2.putText(picture, plain, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _TEXT, 1, cv2.LINE_AA)
