from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facefix.errors import ModelError
from facefix.faces.mesh import shape, topology


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def test_the_mean_face_is_symmetric_and_one_unit_wide_between_the_eyes() -> None:
    mean = shape.load().mean
    right, left = topology.OUTER_CORNERS
    assert np.linalg.norm(mean[right] - mean[left]) == pytest.approx(1, abs=1e-3)
    assert np.abs(mean[topology.MIRROR] * [-1, 1, 1] - mean).max() < 0.02


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(0, 0, 0), (30, 0, 0), (0, 15, 0), (0, 0, -20), (-40, 10, 25)])
def test_pose_and_shape_come_apart(yaw: float, pitch: float, roll: float) -> None:
    model = shape.load()
    rng = np.random.default_rng(1)
    own = model.mean + 0.02 * rng.normal(size=3)[None] * np.sin(model.mean[:, :1] * 3)
    mesh = 140 * own @ rotation(yaw, pitch, roll).T + [300, 200, 10]
    plain = model.place(own).pose
    found = model.place(mesh).pose
    if not (yaw or pitch or roll):
        assert found.yaw == pytest.approx(plain.yaw, abs=1e-3)
    assert found.yaw == pytest.approx(yaw, abs=4)
    assert found.pitch == pytest.approx(pitch, abs=6)
    assert found.roll == pytest.approx(roll, abs=4)
    assert np.abs(model.canonical(mesh) - model.canonical(own)).max() < 1e-3
    assert shape.difference(model.identify(model.canonical(mesh)), model.identify(model.canonical(own))) < 1e-3


def test_a_similarity_is_found_again() -> None:
    rng = np.random.default_rng(0)
    source = rng.normal(size=(20, 3))
    turn = rotation(20, -30, 50)
    found = shape.similarity(source, 2.5 * source @ turn.T + [1, 2, 3])
    assert found.scale == pytest.approx(2.5)
    assert np.allclose(found.rotation, turn)
    assert np.allclose(found.shift, [1, 2, 3])


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"other": np.zeros(3, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError):
        shape.load(tmp_path / "other.safetensors")
