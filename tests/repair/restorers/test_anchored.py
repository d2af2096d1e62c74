from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tests.dome import dome, picture

from facefix.errors import ModelError
from facefix.repair import placing
from facefix.repair.restorers.anchored.network import ANCHORS, AnchoredNetwork, carry_out
from facefix.repair.restorers.anchored.restoring import AnchoredRestorer


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
