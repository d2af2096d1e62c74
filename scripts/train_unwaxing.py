"""Train the unwaxing restorer: the network that puts back what wax took from a face, as far as the picture itself tells.

    python scripts/unwaxing/pairs.py ...                          # see there
    python scripts/train_unwaxing.py RUN --minutes 30 [--seed 0] [--device cuda --batch 32]
    python scripts/train_unwaxing.py RUN --export models/unwaxing.safetensors

The checkpoint is RUN/unwaxing.pt, the log goes to the terminal: training loss and, on held-out people and clips, the share of
the squared error undone, mean and worst.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import IterableDataset

sys.path.insert(0, str(Path(__file__).parent))

import training
from facefix.models import devices
from facefix.repair.restorers.unwaxing.network import UnwaxingNetwork

CHECKPOINT = "unwaxing.pt"
FLOOR = 3e-5
"""Mean squared error that what is left is measured against at least: a change of it is not seen."""

WORST = 4.0
"""Shares well above this weigh little more than it."""


class Pairs(IterableDataset):
    """Endless batches (waxy, clean), (N, 3, S, S) each, from all shards."""

    def __init__(self, folder: Path, size: int, seed: int) -> None:
        self.folder, self.size, self.seed = folder, size, seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        torch.set_num_threads(1)
        rng = np.random.default_rng(self.seed)
        shards = [load(path) for path in sorted(self.folder.glob("train_*.npz"))]
        if not shards:
            raise SystemExit(f"{self.folder} holds no pairs; make them with scripts/unwaxing/pairs.py.")
        while True:
            drawn = []
            for s in rng.integers(len(shards), size=self.size):
                pair, levels = shards[s][rng.integers(len(shards[s]))], light(rng)
                drawn.append(levels[pair[:, :, ::-1] if rng.random() < 0.5 else pair])
            yield planes(np.stack([waxy for waxy, _ in drawn])), planes(np.stack([clean for _, clean in drawn]))


def load(path: Path) -> NDArray[np.uint8]:
    """(N, 2, S, S, 3) waxy and clean."""
    with np.load(path) as row:
        return np.stack([row["waxy"], row["clean"]], 1)


def light(rng: np.random.Generator) -> NDArray[np.float32]:
    """(256,) another exposure and contrast, the same for both of a pair."""
    levels = (np.arange(256) / 255) ** np.exp(rng.normal(0, 0.12)) * np.exp(rng.normal(0, 0.08))
    return np.clip(levels, 0, 1).astype(np.float32)


def planes(pictures: NDArray) -> Tensor:
    scaled = pictures if pictures.dtype == np.float32 else pictures.astype(np.float32) / 255
    return torch.from_numpy(np.ascontiguousarray(scaled.transpose(0, 3, 1, 2)))


def loss(network: nn.Module, batch: Sequence[Tensor]) -> Tensor:
    """() mean over a batch (waxy, clean), (N, 3, S, S) 0..1 each, of the share of the squared error left."""
    waxy, clean = batch
    with devices.half(waxy.device):
        change = network(waxy)
    after = (waxy + change - clean).square().mean((1, 2, 3))
    left = after / ((waxy - clean).square().mean((1, 2, 3)) + FLOOR)
    # A face made far worse must not outvote the batch, nor stop teaching.
    return (left / (1 + left / WORST)).mean()


@torch.inference_mode()
def report(network: nn.Module, folder: Path, device: torch.device) -> str:
    undone, sound = [], []
    for path in sorted(folder.glob("held_*.npz")):
        pairs = load(path)
        for start in range(0, len(pairs), 16):
            waxy, clean = (planes(pairs[start : start + 16, k]).to(device) for k in (0, 1))
            after = (waxy + network(waxy) - clean).square().mean((1, 2, 3))
            before = (waxy - clean).square().mean((1, 2, 3))
            undone += (1 - after / before)[before > 0].tolist()
            sound += (-10 * after[before == 0].log10()).tolist()
    if not undone:
        return "nothing held out"
    return f"undone {100 * np.mean(undone):.1f} % (worst {100 * min(undone):.0f}), sound faces keep {np.mean(sound):.1f} dB"


def learn(options: argparse.Namespace) -> None:
    own = training.Recipe(UnwaxingNetwork, Pairs, loss, report, shown=lambda mean: f"left {100 * mean:.1f} %", decay=0.01)
    training.train(options, CHECKPOINT, own)


if __name__ == "__main__":
    training.run(training.options(__doc__, minutes=30, rate=4e-4, batch=8), learn, CHECKPOINT)
