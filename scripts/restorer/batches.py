"""Pairs from the shards, varied and put into batches of tensors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from facefix.repair.restorers.anchored.network import ANCHORS, SIDE_PX
from restorer import spoil

KEPT = (0.12, 0.18, 0.2, 0.5)
"""Chances that 0, 1, 2, 3 anchors are left."""
WORN = 0.25
"""Share of damaged crops that are blurred, noisy or compressed besides."""


class Batch(NamedTuple):
    """N pairs; pictures RGB 0..1."""

    damaged: Tensor
    """(N, 3, S, S)."""
    anchors: Tensor
    """(N, ANCHORS, 3, S, S)."""
    coverage: Tensor
    """(N, ANCHORS, S, S)."""
    guide: Tensor
    """(N, 2, g, g) shares of the side."""
    truth: Tensor
    """(N, 3, S, S)."""


class Pairs(IterableDataset):
    """Endless batches from all shards of a folder; those that appear meanwhile are taken up every hundred batches."""

    def __init__(self, folder: Path, size: int, seed: int, couples: bool = False) -> None:
        """couples: draw every pair with that of the next frame, varied alike, which `rendered.py` puts after it; itself where
        there is none."""
        self.folder, self.size, self.seed, self.couples = folder, size, seed, couples

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        rng = np.random.default_rng(self.seed)
        while True:
            paths = sorted(p for p in self.folder.glob("train_*.npy") if ".part" not in p.name)
            if not paths:
                raise SystemExit(f"{self.folder} holds no training pairs; make them with scripts/restorer/pairs.py.")
            shards = [np.load(path, mmap_mode="r") for path in paths]
            for _ in range(100):
                some = [shards[rng.integers(len(shards))] for _ in range(self.size // (2 if self.couples else 1))]
                if self.couples:
                    yield batch([one for shard in some for one in couple(shard, rng)])
                else:
                    yield batch([varied(shard[rng.integers(len(shard))], rng) for shard in some])


def couple(shard: NDArray, rng: Generator) -> Iterator[tuple[NDArray[np.float32], ...]]:
    """Two frames, one after the other where there are such, as `varied`, both in the same way."""
    first, seed = int(rng.integers(len(shard))), int(rng.integers(2**32))
    following = first + 1 < len(shard) and shard[first + 1]["source"] == shard[first]["source"] + 1
    for k in (first, first + following):
        yield varied(shard[k], np.random.default_rng(seed))


def plain(pair: np.void) -> tuple[NDArray[np.float32], ...]:
    """damaged, anchors, coverage, guide, truth of a pair as it is: pictures 0..1, guide as shares of the side."""
    damaged, anchors, truth = (pair[k].astype(np.float32) / 255 for k in ("damaged", "anchors", "truth"))
    return damaged, anchors, pair["coverage"].astype(np.float32) / 255, pair["guide"].astype(np.float32) / SIDE_PX, truth


def varied(pair: np.void, rng: Generator) -> tuple[NDArray[np.float32], ...]:
    """As `plain`, mirrored, toned, worn, with some anchors left out."""
    damaged, anchors, coverage, guide, truth = plain(pair)
    gamma, gain = np.exp(rng.normal(0, 0.12)), np.exp(rng.normal(0, [0.05, 0.05, 0.05]) + rng.normal(0, 0.06))
    gain = gain.astype(np.float32)
    damaged, anchors, truth = (np.clip(p**gamma * gain, 0, 1).astype(np.float32) for p in (damaged, anchors, truth))
    if rng.random() < WORN:
        damaged = spoil.wear(damaged, rng)
    tone = np.exp(rng.normal(0, 0.012, (ANCHORS, 1, 1, 3))).astype(np.float32)
    order = rng.permutation(ANCHORS)
    left = order[: rng.choice(ANCHORS + 1, p=KEPT)]
    seen = np.zeros(ANCHORS, np.float32)
    seen[left] = 1
    anchors = np.clip(anchors * tone, 0, 1) * seen[:, None, None, None]
    coverage = coverage * seen[:, None, None]
    guide = guide if len(left) else np.zeros_like(guide)
    anchors, coverage = anchors[order], coverage[order]
    if rng.random() < 0.5:
        damaged, truth, guide = damaged[:, ::-1], truth[:, ::-1], guide[:, ::-1] * np.array([-1, 1], np.float32)
        anchors, coverage = anchors[:, :, ::-1], coverage[:, :, ::-1]
    return damaged, anchors, coverage, guide, truth


def batch(pairs: list[tuple[NDArray[np.float32], ...]]) -> Batch:
    """Stacked and channels first."""
    damaged, anchors, coverage, guide, truth = (torch.from_numpy(np.stack(part)) for part in zip(*pairs, strict=True))
    return Batch(
        damaged.permute(0, 3, 1, 2).contiguous(),
        anchors.permute(0, 1, 4, 2, 3).contiguous(),
        coverage,
        guide.permute(0, 3, 1, 2).contiguous(),
        truth.permute(0, 3, 1, 2).contiguous(),
    )
