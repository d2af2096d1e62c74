"""`.pth` files in the layouts that their authors use, and files that are no such thing."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from facefix.errors import ModelError
from facefix.models import checkpoints

RIGHT = {"weight": torch.ones(2, 3), "bias": torch.ones(2)}
OTHER = {"weight": torch.zeros(2, 3), "bias": torch.zeros(2)}


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        RIGHT,
        {f"module.{name}": value for name, value in RIGHT.items()},
        {"params": RIGHT},
        {"params": OTHER, "params_ema": RIGHT},
    ],
)
def test_weights_are_found_in_every_layout(tmp_path: Path, content: dict[str, Any], old: bool) -> None:
    path = tmp_path / "net.pth"
    torch.save(content, path, _use_new_zipfile_serialization=not old)
    network = checkpoints.load(torch.nn.Linear(3, 2), path, "the test")
    assert network.weight.eq(1).all() and network.bias.eq(1).all()
    assert not network.training and not network.weight.requires_grad


@pytest.mark.parametrize(
    "content",
    [
        {"params": {"weight": torch.ones(3, 2), "bias": torch.ones(2)}},
        {"params": {"weight": torch.ones(2, 3)}},
        {"params": RIGHT | {"more": torch.ones(1)}},
    ],
)
def test_weights_of_another_network_are_told_with_the_file(tmp_path: Path, content: dict[str, Any]) -> None:
    torch.save(content, tmp_path / "net.pth")
    with pytest.raises(ModelError, match=r"net\.pth holds the weights of another network than the test\.$"):
        checkpoints.load(torch.nn.Linear(3, 2), tmp_path / "net.pth", "the test")


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 cut short", pickle.dumps({"weight": [1]})])
def test_what_cannot_be_read_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.pth").write_bytes(content)
    with pytest.raises(ModelError, match=r"net\.pth holds no weights of the test") as told:
        checkpoints.tensors(tmp_path / "net.pth", "the test")
    assert "\n" not in str(told.value)


def test_what_is_no_set_of_tensors_is_told(tmp_path: Path) -> None:
    for content in ([1, 2], {"epoch": 3, "weight": torch.ones(1)}, torch.ones(2)):
        torch.save(content, tmp_path / "net.pth")
        with pytest.raises(ModelError, match="something else"):
            checkpoints.tensors(tmp_path / "net.pth", "the test")


class Trap:
    """What a forged file would have run when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("old", [False, True])
def test_nothing_in_a_file_is_run(tmp_path: Path, old: bool) -> None:
    torch.save({"params": Trap(tmp_path / "was here")}, tmp_path / "net.pth", _use_new_zipfile_serialization=not old)
    with pytest.raises(ModelError, match="holds no weights"):
        checkpoints.tensors(tmp_path / "net.pth", "the test")
    assert not (tmp_path / "was here").exists()
