"""What registration sees: flow from sound frames laid on a mesh, told in shares of the eye distance."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.repair import faces

from facefix.faces.mesh import shape, topology
from facefix.repair.registration.evidence import GRID, PER_FRAME, PER_KEY, SIDE_PX, Evidence, View, Witness

SCALE = SIDE_PX / faces.SIDE
MESH = faces.mesh() * np.float32(SCALE)


def grey(crop: np.ndarray) -> np.ndarray:
    small = cv2.resize(crop, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(np.round(small * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)


def look(seen: View, wanted: np.ndarray, *keys: View) -> Evidence:
    return Witness(topology.TRIANGLES, shape.load().mean.astype(np.float32)).look(seen, wanted, keys)


def on_face(told: Evidence) -> np.ndarray:
    """(GRID, GRID) cells well within the mesh that can be found again."""
    return (told.frame[5] > 0.99) & (told.keys[0, 3] > 0.5)


FACE = View(grey(faces.face()), MESH)


def test_a_frame_agrees_with_itself() -> None:
    told = look(FACE, MESH, FACE, FACE)
    assert told.keys.shape == (2, PER_KEY, GRID, GRID) and told.frame.shape == (PER_FRAME, GRID, GRID)
    assert told.keys.dtype == told.frame.dtype == np.float32
    assert np.abs(told.keys[:, :3]).max() < 0.05 and np.median(told.keys[:, 4]) < 0.03
    assert not told.frame[:2].any()


@pytest.mark.parametrize("shift", [(3.0, 0.0), (-2.0, 2.5)])
def test_a_mesh_that_lies_wrong_is_off_by_as_much_all_over(shift: tuple[float, float]) -> None:
    wrong = MESH + np.float32([*shift, 0])
    told = look(FACE, wrong, FACE)
    expected = -np.float32(shift) / told.unit
    flow = told.keys[0, :2, on_face(told)]
    assert np.abs(np.median(flow, 0) - expected).max() < 0.15
    # The head around it is off by as much: what lies there goes with the head.
    above = told.keys[0, :2, 2:6, 18:30].reshape(2, -1)
    assert np.abs(np.median(above, 1) - expected).max() < 0.3
    assert np.abs(told.frame[:2].reshape(2, -1)[:, told.frame[5].ravel() > 0.99].mean(1) - expected).max() < 0.05


def test_what_bulges_moves_and_the_rest_does_not() -> None:
    mouth = faces.FIVE[3:].mean(0)
    bulged = View(grey(faces.bulge(faces.face(), mouth[0], mouth[1], 8, 0)), MESH)
    told = look(bulged, MESH, FACE)
    there = (mouth / faces.SIDE * GRID).astype(int)
    assert told.keys[0, 0, there[1] - 1 : there[1] + 2, there[0] - 1 : there[0] + 2].mean() * told.unit > 3
    eyes = (faces.FIVE[:2].mean(0) / faces.SIDE * GRID).astype(int)
    assert abs(told.keys[0, 0, eyes[1] - 2 : eyes[1] + 1, eyes[0] - 6 : eyes[0] + 6].mean() * told.unit) < 0.4


def test_flows_are_shares_of_the_eye_distance() -> None:
    half = View(cv2.resize(FACE.grey, (SIDE_PX // 2, SIDE_PX // 2), interpolation=cv2.INTER_AREA), MESH / 2)
    padded = View(np.pad(half.grey, SIDE_PX // 4, mode="edge"), half.mesh + np.float32([SIDE_PX / 4, SIDE_PX / 4, 0]))
    large, small = (look(v, v.mesh + np.float32([4 * f, 0, 0]), v) for v, f in ((FACE, 1.0), (padded, 0.5)))
    assert small.unit == pytest.approx(large.unit / 2, rel=0.01)
    medians = [np.median(told.keys[0, 0][on_face(told)]) for told in (large, small)]
    assert medians[1] == pytest.approx(medians[0], rel=0.15)
