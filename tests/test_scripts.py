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


def test_shakes_that_are_varied_are_what_their_flows_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import torch

    import train_shake  # pyright: ignore[reportMissingImports]
    from facefix.repair.shake.evidence import PER_CELL
    from facefix.repair.shake.network import fitted, ways

    monkeypatch.setattr(train_shake, "UNREST", 0)
    rng = np.random.default_rng(0)
    apart, moved = (rng.normal(0, 1, (16, 4)).astype(np.float32) for _ in range(2))
    head = np.tile(np.float32([80, 100, 0.7, 40]), (16, 1)) + rng.normal(0, 3, (16, 4)).astype(np.float32) * [1, 1, 0, 0]
    head = head.astype(np.float32)

    def flows(shakes: np.ndarray, heads: np.ndarray) -> torch.Tensor:
        return -torch.einsum("nyxik,nk->niyx", ways(torch.from_numpy(heads), 48), torch.from_numpy(shakes))

    cells = np.zeros((16, PER_CELL, 48, 48), np.float32)
    cells[:, :2] = flows(apart, head)
    behind = apart - moved
    after, heads, went, told = train_shake.varied([cells.copy(), head.copy(), moved.copy(), apart.copy()], rng)
    assert 4 < (np.abs(heads[:, 0] - head[:, 0]) > 1e-3).sum() < 13 and np.abs(told - apart).max() > 0.3
    votes, each = -torch.from_numpy(after[:, :2].copy()), ways(torch.from_numpy(heads), 48)
    np.testing.assert_allclose(fitted(votes, torch.ones(16, 48, 48), each)[0], told, atol=1e-3)
    # What stands still is as far from a head that is shaken more: it is the mesh that goes.
    mirrored = np.where((np.abs(heads[:, 0] - head[:, 0]) > 1e-3)[:, None], [-1, 1, 1, -1], 1)
    np.testing.assert_allclose(told - went, behind * mirrored, atol=1e-4)
