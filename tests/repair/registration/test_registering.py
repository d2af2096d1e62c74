"""The registration network, by itself and in numpy's terms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tests.repair.registration.test_evidence import FACE, MESH, look

from facefix.errors import ModelError
from facefix.repair.registration.evidence import GRID, PER_FRAME, PER_KEY
from facefix.repair.registration.network import RegistrationNetwork, at
from facefix.repair.registration.registering import Registrar


@pytest.fixture
def network() -> RegistrationNetwork:
    torch.manual_seed(0)
    network = RegistrationNetwork().eval()
    torch.nn.init.normal_(network.head.weight, std=0.1)
    return network


def given(keys: int = 4) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(2, keys, PER_KEY, GRID, GRID), torch.ones(2, keys), torch.randn(2, PER_FRAME, GRID, GRID)


def test_keys_that_are_not_there_have_no_say(network: RegistrationNetwork) -> None:
    keys, present, frame = given()
    present[:, 2:] = 0
    with torch.inference_mode():
        first = network(keys, present, frame)
        keys[:, 2:] = 9
        np.testing.assert_allclose(first, network(keys, present, frame), atol=1e-5)
        np.testing.assert_allclose(first, network(keys[:, :2], present[:, :2], frame), atol=1e-5)


def test_keys_may_come_in_any_order(network: RegistrationNetwork) -> None:
    keys, present, frame = given()
    with torch.inference_mode():
        np.testing.assert_allclose(network(keys, present, frame), network(keys.flip(1), present, frame), atol=1e-5)


def test_a_field_is_read_where_the_points_lie() -> None:
    y, x = torch.meshgrid((torch.arange(24) + 0.5) / 24, (torch.arange(24) + 0.5) / 24, indexing="ij")
    points = torch.rand(1, 30, 2) * 0.9 + 0.05
    np.testing.assert_allclose(at(torch.stack([x, y])[None], points), points, atol=1e-4)


@pytest.mark.parametrize("shift", [(3.0, -1.0), (-2.0, 2.0)])
def test_a_mesh_that_lies_wrong_as_a_whole_is_put_right(shift: tuple[float, float]) -> None:
    wrong = MESH + np.float32([*shift, 0])
    told = look(FACE, wrong, FACE)
    found = Registrar("cpu").shifts([told] * 9, np.stack([wrong] * 9))
    assert found.shape == (9, 478, 2)
    left = np.linalg.norm(found[0] + np.float32(shift), axis=-1).mean()
    assert left < 0.35 * np.hypot(*shift)
    np.testing.assert_allclose(found[8], found[0], atol=0.05)


def test_a_mesh_that_lies_right_is_left_there() -> None:
    found = Registrar("cpu").shifts([look(FACE, MESH, FACE)], MESH[None])
    assert np.linalg.norm(found[0], axis=-1).mean() < 0.5


def test_foreign_weights_are_told(tmp_path: Path) -> None:
    save_file({"nothing": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(ModelError, match="registration"):
        Registrar("cpu", tmp_path / "x.safetensors")
