"""Train the network that tells from what lies around faces how differently two frames of a head that flickers are shaken.

    python scripts/shake/pairs.py RUN --count 800               # see there what comes before
    python scripts/train_shake.py RUN --minutes 15 [--seed 0]
    python scripts/train_shake.py RUN --export models/shake.safetensors

The checkpoint is RUN/shake.pt. Printed for the tracks held out: what pairs are shaken by differently, root mean square and
median of shift and of growth and turn, % of the eye distance, before -> after; and whether the network knows how sure it is:
the median squared error by its own measure, which is 3.36 for four numbers with the errors that it expects.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import IterableDataset

sys.path.insert(0, str(Path(__file__).parent))

import training
from facefix.models import devices
from facefix.repair.registration.evidence import SIDE_PX
from facefix.repair.shake.network import ShakeNetwork, ways
from train_registration import HELD

FREEDOM = 6.0
"""Of the distribution of errors (Student's): some pairs are not to be understood."""
MOVED, SHAKES = 0.6, (0.5, 0.5, 0.25, 0.35)
"""Share of the samples in which a head is shaken more, and the standard deviations of that."""
UNREST, FIELD, LARGEST = 0.3, 5, 1.0
"""Share of the samples in which the surroundings boil, too: knots of that along a side, and its largest standard deviation."""
EVERY = 5
"""Of the pairs held out every fifth is looked at."""

Rows = dict[str, NDArray]
_NAMES = "cells", "head", "moved", "apart"


@cache
def rows(folder: Path, held: bool) -> Rows:
    """All samples of the tracks held out, or of the others, one after the other."""
    found: list[Rows] = []
    for path in sorted((folder / "shake").glob("[0-9]*.npz")):
        with np.load(path) as row:
            if (str(row["track"]) in HELD) == held:
                found.append({k: row[k][:: EVERY if held else 1] for k in _NAMES})
    if not found:
        raise SystemExit(f"{folder} holds no samples; the script says how they are made.")
    return {k: np.concatenate([f[k] for f in found]) for k in _NAMES}


class Samples(IterableDataset):
    """Endless batches: cells, head, moved, apart."""

    def __init__(self, folder: Path, size: int, seed: int) -> None:
        self.known, self.size, self.seed = rows(folder, False), size, seed

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        torch.set_num_threads(1)
        rng = np.random.default_rng(self.seed)
        while True:
            chosen = rng.integers(len(self.known["apart"]), size=self.size)
            given = [self.known[k][chosen].astype(np.float32) for k in _NAMES]
            yield tuple(torch.from_numpy(a) for a in varied(given, rng))


def varied(batch: Sequence[NDArray[np.float32]], rng: Generator) -> tuple[NDArray[np.float32], ...]:
    """A batch, mirrored, shaken more, its surroundings boiling, as chance has it."""
    cells, head, moved, apart = batch
    size = len(cells)
    mirrored = rng.random(size) < 0.5
    cells[mirrored] = cells[mirrored][..., ::-1]
    for leftward in (cells[:, 0], moved[:, 0], moved[:, 3], apart[:, 0], apart[:, 3]):
        leftward[mirrored] *= -1
    head[mirrored, 0] = SIDE_PX - 1 - head[mirrored, 0]
    more = (rng.normal(0, SHAKES, (size, 4)) * (rng.random((size, 1)) < MOVED)).astype(np.float32)
    cells[:, :2] -= np.einsum("nyxik,nk->niyx", ways(torch.from_numpy(head), cells.shape[-1]).numpy(), more)
    apart += more
    moved += more
    knots = (
        rng.normal(0, 1, (size, 2, FIELD, FIELD))
        * (rng.uniform(0, LARGEST, size) * (rng.random(size) < UNREST))[:, None, None, None]
    )
    boiling = functional.interpolate(torch.from_numpy(knots), cells.shape[-2:], mode="bicubic", align_corners=True)
    cells[:, :2] += boiling.numpy().astype(np.float32)
    cells[:, 7] = cells[:, 7] * rng.uniform(0.7, 1.2, (size, 1, 1)) + rng.normal(0, 0.15, (size, 1, 1))
    return np.ascontiguousarray(cells), head, moved, apart


def loss(network: nn.Module, batch: Sequence[Tensor]) -> Tensor:
    """Negative logarithm of Student's density, but for what is constant."""
    cells, head, moved, apart = batch
    with devices.half(cells.device):
        found, precision = network(cells, head, moved)
    doubt = surprise(apart - found.float(), precision.float())
    return (0.5 * (FREEDOM + 4) * torch.log1p(doubt / FREEDOM) - 0.5 * torch.logdet(precision.float())).mean()


def surprise(off: Tensor, precision: Tensor) -> Tensor:
    return torch.einsum("nk,nkl,nl->n", off, precision, off)


def report(network: nn.Module, folder: Path, device: torch.device, batch: int = 64) -> str:
    known, left, doubt = rows(folder, True), [], []
    with torch.inference_mode():
        for start in range(0, len(known["apart"]), batch):
            some = (torch.from_numpy(known[k][start : start + batch].astype(np.float32)) for k in _NAMES)
            cells, head, moved, apart = (tensor.to(device) for tensor in some)
            found, precision = network(cells, head, moved)
            left.append((apart - found).cpu().numpy())
            doubt.append(surprise(apart - found, precision).cpu().numpy())
    before, after = known["apart"], np.concatenate(left)
    parts = [
        f"{name} {_rms(before[:, part]):.3f} -> {_rms(after[:, part]):.3f}, {np.median(np.abs(before[:, part])):.3f} ->"
        f" {np.median(np.abs(after[:, part])):.3f}"
        for name, part in (("shift", slice(0, 2)), ("growth and turn", slice(2, 4)))
    ]
    return "; ".join([*parts, f"squared by its own measure {np.median(np.concatenate(doubt)):.2f}"])


def _rms(values: NDArray) -> float:
    return float(np.sqrt(np.square(values).mean()))


def main() -> None:
    choices = training.options(__doc__, minutes=15, rate=1.5e-3, batch=32)

    def network() -> nn.Module:
        built = ShakeNetwork().train()
        built.steady.copy_(torch.from_numpy(np.load(choices.run / "steady.npy")))
        return built

    recipe = training.Recipe(
        network=network,
        data=Samples,
        loss=loss,
        report=report,
        shown=lambda mean: f"loss {mean:.3f}",
        decay=0.01,
    )
    training.run(choices, lambda options: training.train(options, "shake.pt", recipe), "shake.pt")


if __name__ == "__main__":
    main()
