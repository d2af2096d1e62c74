"""A track's meshes as numbers, and back."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facefix.faces.mesh import shape
from facefix.faces.mesh.path import DEPTH, HELD, flat, path, reach

MODEL = shape.load()
FRAMES = 20


def turning_head(bent: np.ndarray | None = None) -> np.ndarray:
    """(FRAMES, 478, 3) the mean face, 80 px from eye to eye, turning and coming nearer; with shapes (FRAMES, 478, 3) added."""
    out = []
    for t in range(FRAMES):
        turn = Rotation.from_euler("yxz", [-12 + 1.2 * t, 3 * np.sin(0.4 * t), 0.3 * t], degrees=True).as_matrix()
        local = MODEL.mean + (0 if bent is None else bent[t])
        out.append((80 + t) * local @ turn.T + [300 + 2 * t, 200 - t, 0])
    return np.array(out, np.float32)


@pytest.fixture(scope="module")
def axes() -> np.ndarray:
    values = np.random.default_rng(0).standard_normal((12, 1434))
    return np.linalg.qr(values.T)[0].T


def test_there_and_back_again(axes: np.ndarray) -> None:
    meshes = turning_head()
    way = path(MODEL, meshes)
    nothing = np.zeros((FRAMES, 12 + HELD))
    np.testing.assert_allclose(way.without(nothing, axes, MODEL), meshes, atol=1e-2)


def test_a_turning_head_keeps_its_shape_and_a_held_head_its_place(axes: np.ndarray) -> None:
    assert np.abs(path(MODEL, turning_head()).shapes).max() < 1e-4
    still = path(MODEL, np.repeat(turning_head()[:1], FRAMES, 0))
    np.testing.assert_allclose(still.held, 0, atol=1e-6)


def test_a_place_can_be_changed_alone(axes: np.ndarray) -> None:
    way, added = path(MODEL, turning_head()), np.zeros((FRAMES, 12 + HELD))
    added[5, 12:] = [0.02, -0.01, 0.01, 0.03, 0.02, -0.03, 0.01]
    moved = way.without(-added, axes, MODEL)
    seen = path(MODEL, moved)
    np.testing.assert_allclose(seen.held - way.held, added[:, 12:], atol=2e-3)
    np.testing.assert_allclose(seen.shapes, way.shapes, atol=1e-4)


def test_a_shape_can_be_changed_alone(axes: np.ndarray) -> None:
    way, added = path(MODEL, turning_head()), np.zeros((FRAMES, 12 + HELD))
    added[5, 3] = 0.5
    bent = way.without(-added, axes, MODEL)
    np.testing.assert_allclose(np.delete(bent, 5, 0), np.delete(turning_head(), 5, 0), atol=1e-2)
    # How far the points go: the axis with its depth, which is told turned down, in the size of the face.
    length = np.linalg.norm(axes[3].reshape(-1, 3) / [1, 1, DEPTH]) * 0.5 * (80 + 5)
    assert np.linalg.norm(bent[5] - turning_head()[5]) == pytest.approx(length, rel=1e-3)


def test_reach_tells_how_far_points_move() -> None:
    fields = reach(MODEL)
    assert fields.shape == (HELD, 1434)
    little = np.array([0.0, 0, 0, 0, 0, 0.01, 0])
    turned = MODEL.mean @ Rotation.from_rotvec(little[4:]).as_matrix().T
    np.testing.assert_allclose(little @ fields, flat((turned - MODEL.mean)[None])[0], atol=2e-4)
