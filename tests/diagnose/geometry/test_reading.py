from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from facefix.diagnose.geometry import network
from facefix.diagnose.geometry.reading import READ, SIGNALS, Reader, Shapes, reduced
from facefix.errors import ModelError
from facefix.faces.mesh import shape, topology
from facefix.faces.mesh.unturning import AREAS, REGION_POINTS, unturn
from facefix.types import REGIONS

FPS = 24.0


def talking(frames: int = 72) -> np.ndarray:
    """(frames, 478, 3) a head that turns from side to side and opens its mouth, in pixels."""
    mean = shape.load().mean
    out = []
    for t in range(frames):
        yaw, open_ = np.radians(15 * np.sin(t / 11)), 0.06 * (1 + np.sin(t / 3))
        moved = mean.copy()
        moved[list(topology.LIPS[20:]), 1] += open_ * np.sign(moved[list(topology.LIPS[20:]), 1] - moved[13, 1])
        turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        out.append(120 * moved @ turn.T + [300 + t, 200, 0])
    return np.array(out, np.float32)


def read(reader: Reader, meshes: np.ndarray) -> dict[str, np.ndarray]:
    track = Shapes(FPS)
    for mesh in meshes:
        reader.add(track, unturn(shape.load(), mesh, np.full(len(mesh), 0.9, np.float32)))
    return reader.read(track)


def test_both_sides_agree_on_what_is_read() -> None:
    assert network.READ == READ
    assert len(AREAS) == network.AREAS


def test_components_count_departures() -> None:
    axes = np.eye(1434, dtype=np.float32)[:5]
    off = np.zeros((2, 478, 3), np.float32)
    off[1, 0, 1] = 3
    assert reduced(off, axes, np.full(5, 2, np.float32))[1].tolist() == [0, 1.5, 0, 0, 0]


def test_a_nose_that_slides_for_half_a_second_is_a_warp() -> None:
    meshes = talking()
    told = read(Reader(), meshes)
    bent = meshes.copy()
    swell = np.hanning(14)[:, None] * 0.12 * 120
    for p in (*topology.NOSE, *topology.RIGHT_EYE):
        bent[30:44, p, 0] += swell[:, 0]
    after = read(Reader(), bent)
    assert set(told) == set(SIGNALS)
    assert all(told[f"shape_{mode}"].shape == (72,) for mode in READ)
    assert all(((told[f"shape_{mode}"] >= 0) & (told[f"shape_{mode}"] <= 1)).all() for mode in READ)
    assert after["shape_warp"][34:40].mean() > 4 * told["shape_warp"][34:40].mean()
    assert after["shape_warp"][34:40].mean() > after["shape_warp"][:20].mean() + 0.1


def test_the_region_that_slides_is_the_one_that_is_off() -> None:
    meshes = talking()
    told = read(Reader(), meshes)
    meshes[30:44, list(REGION_POINTS["jaw"]), 0] += np.hanning(14)[:, None].astype(np.float32) * 0.12 * 120
    after = read(Reader(), meshes)
    more = {name: np.nanmax((after[f"off_{name}"] - told[f"off_{name}"])[34:40]) for name in REGIONS}
    assert max(more, key=lambda name: more[name]) == "jaw"
    assert more["jaw"] == pytest.approx(12, abs=3)


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_a_short_track_is_read_too(frames: int) -> None:
    assert all(values.shape == (frames,) for values in read(Reader(), talking(frames)).values())


def test_foreign_weights_are_told(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"basis": torch.zeros(64, 1434), "spread": torch.zeros(64), "something": torch.zeros(3)}, path)
    with pytest.raises(ModelError, match=r"other\.safetensors"):
        Reader(path)
