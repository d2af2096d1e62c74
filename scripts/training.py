"""What all training scripts share: their options, the running average of the weights, checkpoints, export."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn


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


def run(choices: argparse.Namespace, learn: Callable[[argparse.Namespace], None], checkpoint: str) -> None:
    """Train, or export the averaged weights of RUN/checkpoint, in half precision where that costs nothing."""
    if choices.export is None:
        learn(choices)
        return
    from safetensors.torch import save_file

    state = torch.load(choices.run / checkpoint, weights_only=True, map_location="cpu")
    tensors = {k: v.contiguous() for k, v in state["average"].items() if not k.endswith("num_batches_tracked")}
    choices.export.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.half() if v.dim() > 1 else v for k, v in tensors.items()}, choices.export)
    print(f"{choices.export}: {choices.export.stat().st_size} bytes, step {state['step']}")
