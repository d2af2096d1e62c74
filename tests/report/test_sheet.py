from __future__ import annotations

import cv2
import numpy as np

from facefix.report import sheet

GREY = np.full((sheet.CELL_PX, sheet.CELL_PX, 3), 100, np.uint8)
SQUARE = np.array([[50, 50], [150, 50], [150, 150], [50, 150]], np.float32)
EDGES = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])


def _read(png: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


def test_lines_join_the_points_of_the_mesh_and_touch_nothing_else() -> None:
    wired = sheet.wired(sheet.Cell("", GREY, SQUARE), EDGES)
    assert (wired[50, 60:140] != 100).any(axis=1).all()
    assert (wired[60:140, 150] != 100).any(axis=1).all()
    assert (wired[60:140, 60:140] == 100).all()
    assert (GREY == 100).all(), "the cell's own picture is left alone"


def test_a_mesh_that_is_not_believed_is_said_not_drawn() -> None:
    wired = sheet.wired(sheet.Cell("", GREY, None), EDGES)
    assert (wired[:100] == 50).all()


def test_one_row_a_face_one_column_a_frame() -> None:
    cell = sheet.Cell("12  best", GREY, SQUARE)
    one, two = (_read(sheet.png([sheet.Row("face", (cell,) * 3)] * n, EDGES)) for n in (1, 2))
    assert two.shape[0] == 2 * one.shape[0]
    assert 3 * sheet.CELL_PX < one.shape[1] < 3.2 * sheet.CELL_PX


def test_no_face_is_a_sheet_that_says_so() -> None:
    assert _read(sheet.png([], EDGES)).max() > 200
