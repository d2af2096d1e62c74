"""Scripts that measure say in one sentence what they lack."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from facefix.faces.identity import Identity

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.mark.parametrize("script", ["bench_speed.py", "bench_upscaling.py"])
def test_a_card_that_is_not_there_is_one_sentence(script: str) -> None:
    command = [sys.executable, SCRIPTS / script, "--device", "cuda:63"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1 and ended.stdout == ""
    assert ended.stderr == "This machine has no device cuda:63; choose --device cpu or auto.\n"


def test_the_network_that_is_trained_against_is_dlibs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import torch

    from restorer.identity import Likeness  # pyright: ignore[reportMissingImports]

    rng = np.random.default_rng(0)
    # Coarse shades and fine noise: both ends of what a picture has.
    chips = np.stack([
        np.clip(np.kron(rng.uniform(0, 255, (10, 10, 3)), np.ones((15, 15, 1))) + rng.normal(0, 20, (150, 150, 3)), 0, 255)
        for _ in range(2)
    ]).astype(np.uint8)  # fmt: skip
    ours = Likeness().embedded(torch.from_numpy(chips).permute(0, 3, 1, 2).float() / 255)
    np.testing.assert_allclose(ours.numpy(), Identity().embed(chips), atol=1e-5)


def test_weights_are_exported_between_those_begun_from_and_those_trained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import torch
    from safetensors.torch import load_file, save_file

    import training  # pyright: ignore[reportMissingImports]

    save_file({"a": torch.zeros(3, 2).half(), "b": torch.ones(3)}, tmp_path / "old.safetensors")
    state = {"average": {"a": torch.full((3, 2), 4.0), "b": torch.full((3,), 5.0)}, "step": 7}
    training.save(tmp_path / "run.pt", state)
    choices = SimpleNamespace(run=tmp_path, export=tmp_path / "new.safetensors", begin=tmp_path / "old.safetensors", share=0.75)
    training.run(choices, print, "run.pt")
    new = load_file(tmp_path / "new.safetensors")
    assert new["a"].dtype == torch.float16 and bool((new["a"] == 3).all()) and bool((new["b"] == 4).all())
