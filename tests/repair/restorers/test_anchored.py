from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from facefix.errors import ModelError
from facefix.repair.restorers.anchored import placing
from facefix.repair.restorers.anchored.network import ANCHORS, AnchoredNetwork, carry_out
from facefix.repair.restorers.anchored.restoring import AnchoredRestorer

SIDE = 96


def dome(side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """A mesh of 7 x 7 points that bulges toward the viewer, and its triangles, facing the viewer."""
    across = np.linspace(-0.3, 0.3, 7)
    x, y = np.meshgrid(across, across)
    mesh = np.stack([x + 0.5, y + 0.5, -np.sqrt(0.4 - x**2 - y**2)], -1).reshape(-1, 3) * side
    corners = np.arange(49).reshape(7, 7)
    a, b, c, d = corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return mesh.astype(np.float32), triangles.astype(np.int32)


def picture(side: int = SIDE, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).random((side, side, 3)).astype(np.float32)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0.1, 0.9, cv2.NORM_MINMAX)


def test_an_anchor_in_the_same_pose_stays_as_it_is() -> None:
    mesh, triangles = dome()
    placed = placing.place(picture(), mesh, mesh, triangles)
    assert np.abs(placed.pixels - picture())[2:-2, 2:-2].max() < 0.02
    middle, corner = placed.coverage[40:56, 40:56], placed.coverage[:4, :4]
    assert middle.min() > 0.95
    assert corner.max() < 0.1


def test_an_anchor_moves_with_the_mesh_and_shrinks_with_trust() -> None:
    mesh, triangles = dome()
    moved = mesh + np.array([6, 0, 0], np.float32)
    placed = placing.place(picture(), mesh, moved, triangles, trust=0.5)
    inside = slice(30, 66)
    assert np.abs(placed.pixels[inside, 36:72] - picture()[inside, 30:66]).max() < 0.03
    assert placed.coverage.max() <= 0.5


def test_skin_that_turned_away_in_the_anchor_is_not_trusted() -> None:
    mesh, triangles = dome()
    turned = mesh.copy()
    angle = np.radians(80)
    offset = mesh - mesh.mean(0)
    turned[:, 0] = mesh[:, 0].mean() + np.cos(angle) * offset[:, 0] + np.sin(angle) * offset[:, 2]
    turned[:, 2] = mesh[:, 2].mean() - np.sin(angle) * offset[:, 0] + np.cos(angle) * offset[:, 2]
    coverage = placing.place(picture(), turned, mesh, triangles).coverage
    left, right = coverage[30:66, 24:36].mean(), coverage[30:66, 60:72].mean()
    assert min(left, right) < 0.3 < 0.8 < max(left, right)


def test_the_guide_finds_a_feature_out_of_place_under_any_pose() -> None:
    mesh, triangles = dome()
    centre = mesh.mean(0)
    angle = np.radians(10)
    spin = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]], np.float32)
    anchors = [((mesh - centre) @ spin.T * s + centre + 3).astype(np.float32) for s in (0.9, 1.0, 1.1)]
    assert np.abs(placing.guide(anchors, mesh, triangles, SIDE)).max() < 0.2
    warped = mesh.copy()
    warped[24, 0] += 4
    shift = placing.guide(anchors, warped, triangles, SIDE)
    assert shift[48, 48, 0] == pytest.approx(4, abs=1)
    assert np.abs(shift[48, 48, 1]) < 0.5
    assert np.abs(shift[30, 30]).max() < 0.5


def test_without_anchors_there_is_no_guide() -> None:
    mesh, triangles = dome()
    assert not placing.guide([], mesh, triangles, SIDE).any()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "restorer.safetensors"
    network = AnchoredNetwork()
    torch.nn.init.normal_(network.head.weight, std=0.1)
    save_file(network.state_dict(), path)
    return path


@pytest.mark.parametrize("side", [192, 256])
def test_crops_of_any_size_with_any_number_of_anchors(weights: Path, side: int) -> None:
    mesh, triangles = dome(side)
    crops = np.stack([picture(side), picture(side, 1), picture(side, 2)])
    placed = placing.place(crops[1], mesh, mesh, triangles)
    guides = np.stack([placing.guide([mesh] * k, mesh, triangles, side) for k in (0, 1, 4)])
    restorer = AnchoredRestorer("cpu", weights)
    anchors = [[], [placed], [placed] * 4]
    once, again = restorer.restore(crops, anchors, guides), restorer.restore(crops, anchors, guides)
    assert once.pixels.shape == crops.shape
    assert once.pixels.dtype == once.mask.dtype == np.float32
    assert 0 <= once.pixels.min() <= once.pixels.max() <= 1
    assert 0 <= once.mask.min() <= once.mask.max() <= 1
    np.testing.assert_array_equal(once.pixels, again.pixels)
    alone = restorer.restore(crops[:1], anchors[:1], guides[:1]).pixels
    np.testing.assert_allclose(alone[0], once.pixels[0], atol=0.02)


def test_where_the_mask_is_shut_nothing_changes(tmp_path: Path) -> None:
    network = AnchoredNetwork()
    with torch.no_grad():
        network.head.bias[1 + 3 * (1 + ANCHORS)] = -200.0
    save_file(network.state_dict(), tmp_path / "shut.safetensors")
    crops = picture(256)[None]
    shut = AnchoredRestorer("cpu", tmp_path / "shut.safetensors")
    restored = shut.restore(crops, [[]], np.zeros((1, placing.GRID_PX, placing.GRID_PX, 2), np.float32))
    np.testing.assert_array_equal(restored.pixels, crops)
    assert not restored.mask.any()


def test_the_guide_is_followed_by_its_gate() -> None:
    network = AnchoredNetwork().eval()
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.zero_()
        network.head.bias[0] = 100.0
        network.head.bias[1 + 3 * (1 + ANCHORS)] = 100.0
    crop = torch.from_numpy(picture(192).transpose(2, 0, 1))[None]
    guide = torch.zeros(1, 2, placing.GRID_PX, placing.GRID_PX)
    guide[:, 0] = 6 / 192
    empty = torch.zeros(1, ANCHORS, 3, 192, 192)
    with torch.inference_mode():
        out, _ = carry_out(network(crop, empty, empty[:, :, 0], guide), crop, empty)
    assert (out[..., 20:-20] - crop[..., 26:-14]).abs().max() < 0.01


def test_foreign_weights_are_told(tmp_path: Path) -> None:
    save_file({"nothing": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(ModelError, match="anchored restorer"):
        AnchoredRestorer("cpu", tmp_path / "x.safetensors")
