"""Networks are loaded once, as long as their files stay the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from facefix.models import zoo
from facefix.pipeline.loading import loaded

FILE = "mesh.safetensors"


class Network:
    def __init__(self, device: str) -> None:
        self.device = device


def test_once_per_device_and_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = loaded(Network, (FILE,), "cpu")
    assert loaded(Network, (FILE,), "cpu") is first and first.device == "cpu"
    assert loaded(Network, (FILE,), "mps") is not first
    shutil.copy(zoo.find(FILE), tmp_path / FILE)
    monkeypatch.setenv(zoo.MODELS_DIR_VARIABLE, str(tmp_path))
    assert loaded(Network, (FILE,), "cpu") is not first


def test_what_cannot_be_loaded_is_tried_again() -> None:
    tries = []

    def load(device: str) -> Network:
        tries.append(device)
        if len(tries) == 1:
            raise OSError
        return Network(device)

    with pytest.raises(OSError):
        loaded(load, (), "cpu")
    assert loaded(load, (), "cpu").device == "cpu"
