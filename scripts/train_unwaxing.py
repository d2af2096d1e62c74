"""Train the unwaxing restorer: the network that puts back what wax, blur and compression took from a face, as far as the
picture itself tells.

    python scripts/unwaxing/pairs.py ...                          # see there
    python scripts/train_unwaxing.py RUN --minutes 30 [--begin WEIGHTS] [--device cuda --batch 32]
    python scripts/train_unwaxing.py RUN --export models/unwaxing.safetensors

The checkpoint is RUN/unwaxing.pt, the log goes to the terminal: training loss and, on held-out people and clips, the share of
the squared error undone, by what was done to them: of all errors together, the median, the worst.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import IterableDataset

sys.path.insert(0, str(Path(__file__).parent))

import training
from facefix.models import devices, own
from facefix.repair.restorers.unwaxing.network import SIDE_PX, UnwaxingNetwork, shown
from unwaxing.pairs import ALIKE, WEAR

CHECKPOINT = "unwaxing.pt"
FLOOR = 3e-5
"""Mean squared error that what is left is measured against at least: a change of it is not seen."""

WORST = 4.0
"""Shares well above this weigh little more than it."""

SOUND = "sound"
"""What the report calls faces on which nothing is to be done."""


class Pairs(IterableDataset):
    """Endless batches (waxy, clean), (N, 4, S, S) and (N, 3, S, S), from all shards."""

    def __init__(self, folder: Path, size: int, seed: int, side: int = SIDE_PX) -> None:
        """side: of the part of a face that is drawn; the more parts, the more kinds of wear teach at once."""
        self.folder, self.size, self.seed, self.side = folder, size, seed, side

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        torch.set_num_threads(1)
        rng = np.random.default_rng(self.seed)
        shards = [load(path) for path in sorted(self.folder.glob("train_*.npz"))]
        if not shards:
            raise SystemExit(f"{self.folder} holds no pairs; make them with scripts/unwaxing/pairs.py.")
        while True:
            drawn, sizes = [], []
            for s in rng.integers(len(shards), size=self.size):
                pairs, of = shards[s]
                k, levels = rng.integers(len(pairs)), light(rng)
                pair = pairs[k][:, :, ::-1] if rng.random() < 0.5 else pairs[k]
                drawn.append(levels[part(pair, self.side, rng)])
                sizes.append(of[k])
            yield with_sizes([waxy for waxy, _ in drawn], sizes), planes(np.stack([clean for _, clean in drawn]))


def load(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int_]]:
    """(N, 2, S, S, 3) waxy and clean, and their sizes (N,)."""
    with np.load(path) as row:
        return np.stack([row["waxy"], row["clean"]], 1), row["size"]


def part(pair: NDArray[np.uint8], side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(2, side, side, 3) anywhere in both."""
    y, x = rng.integers(pair.shape[1] - side + 1, size=2)
    return pair[:, y : y + side, x : x + side]


def with_sizes(pictures: Sequence[NDArray], sizes: Sequence[float]) -> Tensor:
    """(N, 4, S, S) as the network is shown them."""
    faces = planes(np.stack(pictures))
    told = torch.tensor([shown(size) for size in sizes])[:, None, None, None].expand(-1, 1, *faces.shape[2:])
    return torch.cat([faces, told], 1)


def light(rng: np.random.Generator) -> NDArray[np.float32]:
    """(256,) another exposure and contrast, the same for both of a pair."""
    levels = (np.arange(256) / 255) ** np.exp(rng.normal(0, 0.12)) * np.exp(rng.normal(0, 0.08))
    return np.clip(levels, 0, 1).astype(np.float32)


def planes(pictures: NDArray) -> Tensor:
    scaled = pictures if pictures.dtype == np.float32 else pictures.astype(np.float32) / 255
    return torch.from_numpy(np.ascontiguousarray(scaled.transpose(0, 3, 1, 2)))


def loss(floor: float, network: nn.Module, batch: Sequence[Tensor]) -> Tensor:
    """() mean over a batch of `Pairs` of the share of the squared error left."""
    seen, clean = batch
    with devices.half(seen.device):
        change = network(seen)
    waxy = seen[:, :3]
    after = (waxy + change - clean).square().mean((1, 2, 3))
    left = after / ((waxy - clean).square().mean((1, 2, 3)) + floor)
    # A face made far worse must not outvote the batch, nor stop teaching.
    return (left / (1 + left / WORST)).mean()


@torch.inference_mode()
def report(network: nn.Module, folder: Path, device: torch.device) -> str:
    rows: dict[str, list[tuple[float, float]]] = {}
    for path in sorted(folder.glob("held_*.npz")):
        with np.load(path) as kept:
            severity, wear = kept["severity"], kept["wear"]
        pairs, sizes = load(path)
        for start in range(0, len(pairs), 16):
            some = slice(start, start + 16)
            seen, clean = with_sizes(pairs[some, 0], sizes[some]).to(device), planes(pairs[some, 1]).to(device)
            waxy = seen[:, :3]
            before, after = ((x - clean).square().mean((1, 2, 3)) for x in (waxy, waxy + network(seen)))
            for s, w, *row in zip(severity[some], wear[some], before.tolist(), after.tolist(), strict=True):
                kind = "" if WEAR[w] in ALIKE else WEAR[w]
                rows.setdefault(", ".join(filter(None, ["wax" * bool(s), kind])) or SOUND, []).append(tuple(row))
    parts = []
    for kind, row in sorted(rows.items()):
        before, after = np.array(row).T
        if kind == SOUND:
            parts.append(f"sound keeps {np.mean(-10 * np.log10(np.maximum(after, 1e-9))):.1f} dB")
        else:
            left = after / np.maximum(before, 1e-9)
            figures = 100 * (1 - np.array([after.sum() / before.sum(), np.median(left), left.max()]))
            parts.append("{} {:.0f} / {:.0f} / {:.0f}".format(kind, *figures))
    return "; ".join(parts) or "nothing held out"


def begun(weights: Path | None) -> UnwaxingNetwork:
    network = UnwaxingNetwork()
    if weights is None:
        return network
    state = own.tensors(weights, "the unwaxing restorer")
    # The first weights knew of no sizes and said nothing of bands.
    for name, wanted in network.state_dict().items():
        wanting = [n for size, has in zip(wanted.shape, state[name].shape, strict=True) for n in (size - has, 0)]
        state[name] = functional.pad(state[name], wanting[::-1])
    return own.filled(network, state, weights, "the unwaxing restorer").train().requires_grad_(True)


def learn(options: argparse.Namespace) -> None:
    recipe = training.Recipe(
        partial(begun, options.begin),
        partial(Pairs, side=options.side),
        partial(loss, options.floor),
        report,
        shown=lambda mean: f"left {100 * mean:.1f} %",
        decay=0.01,
    )
    training.train(options, CHECKPOINT, recipe)


if __name__ == "__main__":
    line = training.parser(__doc__, minutes=30, rate=4e-4, batch=8)
    line.add_argument("--begin", type=Path, help="weights to begin with")
    line.add_argument("--side", type=int, default=SIDE_PX, help="of the part of a face that is drawn, px")
    line.add_argument("--floor", type=float, default=FLOOR, help="error that what is left is measured against at least")
    training.run(training.resumable(line).parse_args(), learn, CHECKPOINT)
