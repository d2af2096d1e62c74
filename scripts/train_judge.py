"""Train the judge: the network that compares a face with other frames of its shot.

    python scripts/judge/pairs.py ...                           # see there: held, train
    python scripts/train_judge.py RUN --minutes 40 [--seed 0] [--device cuda --batch 128]
    python scripts/train_judge.py RUN --export models/judge.safetensors

RUN holds the shards of pairs. The checkpoint is RUN/judge.pt, the log goes to the terminal: training loss, and now and then, on
the held-out pairs at severity 0.6, how well each output tells its fault from clean faces (area under the curve).
"""

from __future__ import annotations

import argparse
import copy
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

sys.path.insert(0, str(Path(__file__).parent))

import training
from facefix.diagnose.judge.network import ANCHORS, JUDGED, SIDE_PX, JudgeNetwork
from judge.pairs import SHARES

AVERAGING = 0.995
WARM_UP_STEPS = 100
MAP_WEIGHT = 0.3
KEPT = (0.04, 0.11, 0.2, 0.65)
"""Chances that 0, 1, 2, 3 of the other frames are left."""


class Batch(NamedTuple):
    """N pairs as the network takes them, and what it should say."""

    face: Tensor
    anchors: Tensor
    coverage: Tensor
    guide: Tensor
    lost: Tensor
    severity: Tensor


class Pairs(IterableDataset):
    """Endless batches from all shards of a folder; those that appear meanwhile are taken up every hundred batches."""

    def __init__(self, folder: Path, size: int, seed: int) -> None:
        self.folder, self.size, self.seed = folder, size, seed

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        info = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, info.id if info else 0])
        while True:
            paths = sorted(p for p in self.folder.glob("train_*.npy") if ".part" not in p.name)
            if not paths:
                raise SystemExit(f"{self.folder} holds no training pairs; make them with scripts/judge/pairs.py.")
            shards = [np.load(path, mmap_mode="r") for path in paths]
            for _ in range(100):
                some = [shards[rng.integers(len(shards))] for _ in range(self.size)]
                yield batch([varied(shard[rng.integers(len(shard))], rng) for shard in some])


def plain(pair: np.void) -> tuple[NDArray[np.float32], ...]:
    """A pair in the order of `Batch`, numpy, channels last."""
    face, anchors, coverage, lost = (pair[k].astype(np.float32) / 255 for k in ("face", "anchors", "coverage", "lost"))
    return face, anchors, coverage, pair["guide"].astype(np.float32) / SIDE_PX, lost, pair["severity"].astype(np.float32)


def varied(pair: np.void, rng: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
    """As `plain`, mirrored, toned, some of the other frames left out, their order changed."""
    coverage, lost = (pair[k].astype(np.float32) / 255 for k in ("coverage", "lost"))
    guide, severity = pair["guide"].astype(np.float32) / SIDE_PX, pair["severity"].astype(np.float32)
    tone = np.exp(rng.normal(0, 0.06, 3) + rng.normal(0, 0.08))
    levels = (np.arange(256) / 255) ** np.exp(rng.normal(0, 0.15))
    face = _toned(pair["face"], levels[:, None] * tone)
    order = rng.permutation(ANCHORS)
    kept = order[: rng.choice(ANCHORS + 1, p=KEPT)]
    anchors, covered = np.zeros(pair["anchors"].shape, np.float32), np.zeros_like(coverage)
    for place, k in enumerate(kept):
        anchors[place] = _toned(pair["anchors"][k], levels[:, None] * tone * np.exp(rng.normal(0, 0.015)))
        covered[place] = coverage[k]
    coverage = covered
    guide = guide if len(kept) else np.zeros_like(guide)
    if rng.random() < 0.5:
        face, lost, guide = face[:, ::-1], lost[:, ::-1], guide[:, ::-1] * np.array([-1, 1], np.float32)
        anchors, coverage = anchors[:, :, ::-1], coverage[:, :, ::-1]
    return face, anchors, coverage, guide, lost, severity


def _toned(picture: NDArray[np.uint8], levels: NDArray[np.float64]) -> NDArray[np.float32]:
    """(..., 3) 0..1 of (..., 3) uint8, by (256, 3) levels."""
    levels = np.clip(levels, 0, 1).astype(np.float32)
    return np.stack([levels[:, c][picture[..., c]] for c in range(3)], -1)


def batch(pairs: list[tuple[NDArray[np.float32], ...]]) -> Batch:
    """Stacked and channels first."""
    face, anchors, coverage, guide, lost, severity = (torch.from_numpy(np.stack(p)) for p in zip(*pairs, strict=True))
    face, guide = (t.permute(0, 3, 1, 2).contiguous() for t in (face, guide))
    return Batch(face, anchors.permute(0, 1, 4, 2, 3).contiguous(), coverage, guide, lost, severity)


def loss(network: JudgeNetwork, data: Batch) -> Tensor:
    """Cross entropy with severities as targets: its best answer is the expected severity."""
    with torch.autocast(data.face.device.type, torch.bfloat16):
        logits, where = network(data.face, data.anchors, data.coverage, data.guide)
    told = functional.binary_cross_entropy_with_logits(logits, data.severity)
    return told + MAP_WEIGHT * functional.binary_cross_entropy_with_logits(where, data.lost)


class Held:
    """The held-out pairs, kept in memory."""

    def __init__(self, path: Path) -> None:
        rows = np.load(path)
        self.fault, self.clip = rows["fault"], rows["clip"]
        self.pairs = [plain(row) for row in rows]

    @torch.inference_mode()
    def report(self, network: JudgeNetwork, device: torch.device) -> str:
        told = []
        for start in range(0, len(self.pairs), 32):
            data = Batch(*(t.to(device) for t in batch(self.pairs[start : start + 32])))
            with torch.autocast(device.type, torch.bfloat16):
                told.append(network(data.face, data.anchors, data.coverage, data.guide)[0].float().cpu().numpy())
        logits, modes = np.concatenate(told), list(SHARES)
        parts = []
        for name, rows in (("clips", self.clip), ("portraits", ~self.clip)):
            sound = rows & (self.fault == 0)
            areas = [
                area(logits[rows & (self.fault == modes.index(mode)), k], logits[sound, k]) for k, mode in enumerate(JUDGED)
            ]
            parts.append(f"{name} " + ", ".join(f"{mode} {a:.3f}" for mode, a in zip(JUDGED, areas, strict=True)))
        return "; ".join(parts)


def area(faulty: NDArray[np.float32], sound: NDArray[np.float32]) -> float:
    """Chance that a faulty face scores above a sound one."""
    return float((faulty[:, None] > sound).mean() + 0.5 * (faulty[:, None] == sound).mean())


def learn(options: argparse.Namespace) -> None:
    torch.manual_seed(options.seed)
    device = torch.device(options.device)
    network = JudgeNetwork().to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    average = copy.deepcopy(network).eval()
    checkpoint, step, running = options.run / "judge.pt", 0, []
    if options.resume:
        kept = torch.load(checkpoint, weights_only=True, map_location=device)
        network.load_state_dict(kept["network"])
        average.load_state_dict(kept["average"])
        step = kept["step"]
    optimizer = torch.optim.AdamW(network.parameters(), options.rate, weight_decay=0.02)
    batches = iter(
        DataLoader(
            Pairs(options.run, options.batch, options.seed + step),
            batch_size=None,
            num_workers=options.workers,
            prefetch_factor=4,
        )
    )
    held, began, first_step = Held(options.run / "held.npy"), time.monotonic(), step
    print(f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f} M parameters", flush=True)
    while (done := (time.monotonic() - began) / 60 / options.minutes) < 1:
        for group in optimizer.param_groups:
            warm = min(1.0, (step - first_step + 1) / WARM_UP_STEPS)
            group["lr"] = options.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
        total = loss(network, Batch(*(t.to(device, non_blocking=True) for t in next(batches))))
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        training.follow(average, network, min(AVERAGING, (step + 1) / (step + 10)))
        running.append(float(total.detach()))
        if step % 50 == 0:
            print(f"{time.monotonic() - began:6.0f} s  step {step}  loss {np.mean(running):.4f}", flush=True)
            running = []
        if step % 250 == 0:
            training.save(checkpoint, {"network": network.state_dict(), "average": average.state_dict(), "step": step})
            print(f"held out at {step}: {held.report(average, device)}", flush=True)
    training.save(checkpoint, {"network": network.state_dict(), "average": average.state_dict(), "step": step})
    print(f"held out at {step}: {held.report(average, device)}", flush=True)


if __name__ == "__main__":
    training.run(training.options(__doc__, minutes=40, rate=1e-3, batch=32), learn, "judge.pt")
