"""What two frames of a head say, laid on each other by their meshes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.repair import faces
from tests.repair.registration.test_evidence import FACE, MESH, grey

from facefix.faces import align
from facefix.repair.registration.evidence import GRID, SIDE_PX, View, eye_distance
from facefix.repair.shake import places
from facefix.repair.shake.evidence import PER_CELL, Pair, between, compared

STEADY = np.ones(len(MESH), np.float32)
SAME = np.float32([[1, 0, 0], [0, 1, 0]])
UNIT = eye_distance(MESH) / 100


def look(first: View, second: View, across: np.ndarray = SAME) -> Pair:
    return compared(first, second, across, STEADY)


def test_a_frame_agrees_with_itself() -> None:
    told = look(FACE, FACE)
    assert told.cells.shape == (PER_CELL, GRID, GRID) and told.cells.dtype == told.head.dtype == np.float32
    assert np.abs(told.cells[:3]).max() < 0.1 and np.abs(told.moved).max() < 1e-6
    np.testing.assert_allclose(told.head, [*MESH[:, :2].mean(0), UNIT, places.spread(MESH, STEADY)], rtol=1e-4)
    assert 0.1 < told.cells[6].mean() < 0.6 and told.cells[6, GRID // 2, GRID // 2] == 1


@pytest.mark.parametrize("shift", [(2.0, 0.0), (-1.0, 1.5)])
def test_what_is_around_a_shaken_mesh_lies_the_other_way(shift: tuple[float, float]) -> None:
    told = look(View(FACE.grey, MESH + np.float32([*shift, 0])), FACE)
    seen = (told.cells[3] > 0.5) & (told.cells[5] > 0.9)
    np.testing.assert_allclose(np.median(told.cells[:2, seen], 1), -np.float32(shift) / UNIT, atol=0.3)
    # The mesh went, the picture stood still: so does all that is behind the head.
    np.testing.assert_allclose(told.moved, [*np.float32(shift) / UNIT, 0, 0], atol=1e-3)


def test_a_head_that_moves_with_its_mesh_lies_where_it_was() -> None:
    moved = View(grey(faces.moved(faces.face(), 4, -2)), MESH + np.float32([4, -2, 0]) * SIDE_PX / faces.SIDE)
    told = look(moved, FACE)
    seen = (told.cells[3] > 0.5) & (told.cells[5] > 0.9)
    assert np.abs(np.median(told.cells[:2, seen], 1)).max() < 0.15
    np.testing.assert_allclose(told.moved[:2] * UNIT, np.float32([4, -2]) * SIDE_PX / faces.SIDE, atol=1e-3)


def test_views_may_be_cut_out_of_the_picture_differently() -> None:
    around = np.float32([SIDE_PX / 2, SIDE_PX / 2])
    turned = cv2.getRotationMatrix2D(around.tolist(), 10, 1.1).astype(np.float32)
    other = View(
        cv2.warpAffine(FACE.grey, turned, (SIDE_PX, SIDE_PX)), np.hstack([align.apply(turned, MESH[:, :2]), MESH[:, 2:]])
    )
    told = look(other, FACE, between(turned, SAME))
    assert np.abs(told.moved).max() < 0.05
    assert np.abs(np.median(told.cells[:2][:, told.cells[3] > 0.5], 1)).max() < 0.3
    np.testing.assert_allclose(between(SAME, turned), align.inverse(turned), atol=1e-4)


def test_what_stands_still_flows_as_it_should() -> None:
    """A picture of which nothing moves, with a mesh that moves, grows and turns on it."""
    middle = places.middle(MESH, STEADY)
    laid = (places.flat(MESH) - middle) * 1.02 * np.exp(0.01j) + middle + 2 - 1j
    told = look(View(FACE.grey, np.stack([laid.real, laid.imag, MESH[:, 2]], 1).astype(np.float32)), FACE)
    centres = (np.arange(GRID) + 0.5) / GRID * SIDE_PX - 0.5
    x, y = ((at - m) / told.head[3] for at, m in zip(np.meshgrid(centres, centres), told.head[:2], strict=True))
    dx, dy, g, r = told.moved
    expected = -np.stack([dx + g * x - r * y, dy + g * y + r * x])
    seen = (told.cells[3] > 0.6) & (told.cells[5] > 0.9)
    assert np.median(np.abs(told.cells[:2] - expected)[:, seen]) < 0.15
