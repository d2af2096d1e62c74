"""What all training scripts share: their options, the running average of the weights, checkpoints, export; and one loop."""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

Varied = Callable[[Sequence[NDArray], np.random.Generator], tuple]
"""The arrays of a shard -> one of its samples, changed as chance has it."""
Collated = Callable[[Sequence[tuple], np.random.Generator], tuple[torch.Tensor, ...]]
"""Samples -> what the loss is given of them."""

AVERAGING = 0.995
WARM_UP_STEPS = 100
LOG_STEPS, REPORT_STEPS = 50, 300
LONGEST = 1.0
"""Gradient that a step of `train` goes by at most."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one network's training has of its own, for `train`."""

    network: Callable[[], Any]
    """Builds it, untrained and in training mode."""
    data: Callable[[Path, int, int], IterableDataset]
    """Endless batches, tuples of tensors (N, ...), from the folder of the run, N and a seed."""
    loss: Callable[[Any, Sequence[torch.Tensor]], torch.Tensor]
    """(), to be made small, of the network and a batch on its device."""
    report: Callable[[Any, Path, torch.device], str]
    """What the averaged network does with what the folder of the run holds out."""
    shown: Callable[[float], str]
    """The mean loss of the last steps, as the log has it."""
    decay: float
    """Of the weights, by AdamW."""


class Judged(IterableDataset):
    """Endless batches from the shards of a reader of single faces; those that appear meanwhile are taken up every hundred
    batches."""

    def __init__(
        self, folder: Path, size: int, seed: int, *, arrays: Sequence[str], varied: Varied, collated: Collated
    ) -> None:
        """
        Args:
            folder: of the shards, train_*.npz.
            arrays: names of what is read of them, (N, ...) each.
        """
        self.folder, self.size, self.seed = folder, size, seed
        self.arrays, self.varied, self.collated = arrays, varied, collated

    def __iter__(self) -> Iterator[tuple[torch.Tensor, ...]]:
        torch.set_num_threads(1)
        rng = np.random.default_rng(self.seed)
        shards: dict[Path, list[NDArray]] = {}
        while True:
            for path in sorted(self.folder.glob("train_*.npz")):
                if path not in shards:
                    with np.load(path) as row:
                        shards[path] = [row[name] for name in self.arrays]
            if not shards:
                raise SystemExit(f"{self.folder} holds no crops; the script that trains says how they are made.")
            every = list(shards.values())
            for _ in range(100):
                chosen = rng.integers(len(every), size=self.size)
                yield self.collated([self.varied(every[s], rng) for s in chosen], rng)


def options(doc: str | None, *, minutes: float, rate: float, batch: int) -> argparse.Namespace:
    """The command line, with each script's own defaults."""
    return resumable(parser(doc, minutes=minutes, rate=rate, batch=batch)).parse_args()


def parser(doc: str | None, *, minutes: float, rate: float, batch: int) -> argparse.ArgumentParser:
    """What all of them take, to add to."""
    line = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("run", type=Path)
    line.add_argument("--minutes", type=float, default=minutes)
    line.add_argument("--rate", type=float, default=rate)
    line.add_argument("--batch", type=int, default=batch)
    line.add_argument("--seed", type=int, default=0)
    line.add_argument("--export", type=Path)
    return line


def resumable(line: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """With what long runs take beside."""
    line.add_argument("--workers", type=int, default=1)
    line.add_argument("--device", default="cpu")
    line.add_argument("--resume", action="store_true")
    return line


def descend(total: torch.Tensor, network: nn.Module, optimizer: torch.optim.Optimizer, longest: float) -> None:
    """One step down the slope of a loss, no longer than `longest` before the rate."""
    optimizer.zero_grad(set_to_none=True)
    total.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), longest)
    optimizer.step()


def area(faulty: NDArray[np.float32], sound: NDArray[np.float32]) -> float:
    """Chance that what is faulty scores above what is sound: the area under the curve."""
    return float(np.searchsorted(np.sort(sound), faulty).mean() / max(len(sound), 1))


def follow(average: nn.Module, network: nn.Module, share: float) -> None:
    """Move `average` towards `network` by 1 - share; whole numbers are copied."""
    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - share)
            else:
                mean.copy_(now)


def save(path: Path, state: dict) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def train(choices: argparse.Namespace, checkpoint: str, recipe: Recipe) -> None:
    """Train for `--minutes`: a warm-up, then a cosine down to nothing. RUN/checkpoint holds network, average and step."""
    torch.manual_seed(choices.seed)
    device = torch.device(choices.device)
    network = recipe.network().to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    average, path, step, running = copy.deepcopy(network).eval(), choices.run / checkpoint, 0, []
    if choices.resume:
        kept = torch.load(path, weights_only=True, map_location=device)
        network.load_state_dict(kept["network"])
        average.load_state_dict(kept["average"])
        step = kept["step"]
    optimizer = torch.optim.AdamW(network.parameters(), choices.rate, weight_decay=recipe.decay)
    # Whoever goes on draws other samples than the first time.
    source = recipe.data(choices.run, choices.batch, choices.seed + step)
    batches = iter(DataLoader(source, batch_size=None, num_workers=choices.workers, prefetch_factor=4))
    print(f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f} M parameters", flush=True)

    def keep() -> None:
        save(path, {"network": network.state_dict(), "average": average.state_dict(), "step": step})
        print(f"held out at {step}: {recipe.report(average, choices.run, device)}", flush=True)

    began, first_step = time.monotonic(), step
    while (done := (time.monotonic() - began) / 60 / choices.minutes) < 1:
        warm = min(1.0, (step - first_step + 1) / WARM_UP_STEPS)
        for group in optimizer.param_groups:
            group["lr"] = choices.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
        total = recipe.loss(network, [t.to(device) for t in next(batches)])
        descend(total, network, optimizer, LONGEST)
        step += 1
        follow(average, network, min(AVERAGING, (step + 1) / (step + 10)))
        running.append(float(total.detach()))
        if step % LOG_STEPS == 0:
            print(f"{time.monotonic() - began:6.0f} s  step {step}  {recipe.shown(float(np.mean(running)))}", flush=True)
            running = []
        if step % REPORT_STEPS == 0:
            keep()
    keep()


def between(begun: dict[str, torch.Tensor], trained: dict[str, torch.Tensor], share: float) -> dict[str, torch.Tensor]:
    """The mean of two states of one network, `share` of it the trained one's.

    Wortsman et al. 2022, "Robust fine-tuning of zero-shot models": what both know is kept, what either learned by heart fades.
    """
    return {name: torch.lerp(begun[name].float(), tensor.float(), share) for name, tensor in trained.items()}


def run(choices: argparse.Namespace, learn: Callable[[argparse.Namespace], None], checkpoint: str) -> None:
    """Train, or export the averaged weights of RUN/checkpoint, in half precision where that costs nothing."""
    if choices.export is None:
        learn(choices)
        return
    from safetensors.torch import load_file, save_file

    state = torch.load(choices.run / checkpoint, weights_only=True, map_location="cpu")
    tensors = {k: v.contiguous() for k, v in state["average"].items() if not k.endswith("num_batches_tracked")}
    if (share := getattr(choices, "share", 1.0)) < 1:
        tensors = between(load_file(choices.begin), tensors, share)
    choices.export.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.half() if v.dim() > 1 else v for k, v in tensors.items()}, choices.export)
    print(f"{choices.export}: {choices.export.stat().st_size} bytes, step {state['step']}")
