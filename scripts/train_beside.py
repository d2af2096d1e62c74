"""Train a reader of faces beside others: how badly features are torn, dragged or bent, or how far a face is another's.

    python scripts/beside/crops.py ...                           # see there
    python scripts/train_beside.py RUN --minutes 30 [--seed 0] [--device cuda --batch 128]
    python scripts/train_beside.py RUN --export models/smear.safetensors     # or drift.safetensors

Which of them it is the crops say. The checkpoint is RUN/beside.pt, the log goes to the terminal: training loss and, on held-out
people and clips, how well a fault of severity 0.5 and more is told from faces without, by the kind of fault and by what else
was done to both (area under the curve).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parent))

import training
from beside.crops import WEAR
from facefix.diagnose.beside.network import BesideNetwork, seen
from facefix.models import devices, own

CHECKPOINT = "beside.pt"
SHIFT_PX = 4
EYE = ("entrance.", "body.")
"""Weights that see, and do not judge."""
ALONE = 0.25
"""Of the samples: a face of which nothing else is known."""


def varied(shard: Sequence[NDArray], rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8], float]:
    """One of a shard's crops and one of its others, both mirrored or neither, each moved a little, and its severity."""
    crops, others, severity = shard
    k = int(rng.integers(len(crops)))
    crop, other = (_moved(one, rng) for one in (crops[k], others[k][rng.integers(others.shape[1])]))
    if rng.random() < 0.5:
        crop, other = crop[:, ::-1], other[:, ::-1]
    return crop, other, float(severity[k])


def collated(samples: Sequence[tuple], rng: np.random.Generator) -> tuple[Tensor, ...]:
    crops, others, severity = zip(*samples, strict=True)
    known = (rng.random(len(samples)) >= ALONE).astype(np.float32)
    return maps(crops), maps(others), torch.from_numpy(known), torch.tensor(severity)


def _moved(crop: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    dx, dy = rng.integers(-SHIFT_PX, SHIFT_PX + 1, 2)
    return np.roll(crop, (int(dy), int(dx)), (0, 1))


def maps(crops: Sequence[NDArray[np.uint8]]) -> Tensor:
    """What the network looks at of each crop."""
    return torch.from_numpy(np.stack([seen(crop.astype(np.float32) / 255) for crop in crops]))


@torch.inference_mode()
def report(network: BesideNetwork, folder: Path, device: torch.device) -> str:
    alone: list[NDArray] = []
    beside: list[NDArray] = []
    known: dict[str, list[NDArray]] = {"severity": [], "kind": [], "wear": []}
    for path in sorted(folder.glob("held_*.npz")):
        with np.load(path) as row:
            crops, others = row["crops"], row["others"]
            for name, column in known.items():
                column.append(row[name])
        for start in range(0, len(crops), 64):
            some = slice(start, start + 64)
            first = network.looked(maps(crops[some]).to(device))
            there = torch.ones(len(first), device=device)
            told = [
                network.told(first, network.looked(maps(other).to(device)), there) for other in np.moveaxis(others[some], 1, 0)
            ]
            beside.append(torch.stack(told).mean(0).float().cpu().numpy())
            alone.append(network.told(first, torch.zeros_like(first), 0 * there).float().cpu().numpy())
    severity, kind, wear = (np.concatenate(a) for a in known.values())
    plain, sound = severity >= 0.5, severity == 0
    said = []
    for name, logits in (("alone", np.concatenate(alone)), ("beside", np.concatenate(beside))):
        parts = [f"{name}: all {training.area(logits[plain], logits[sound]):.3f}"]
        for k in np.unique(kind[kind > 0]):
            parts.append(f"kind {k} {training.area(logits[plain & (kind == k)], logits[sound]):.3f}")
        for k, what in enumerate(WEAR):
            parts.append(f"{what} {training.area(logits[plain & (wear == k)], logits[sound & (wear == k)]):.2f}")
        said.append(", ".join(parts))
    return "; ".join(said)


def loss(network: BesideNetwork, batch: Sequence[Tensor]) -> Tensor:
    """() cross entropy of what is told of (N, 3, H, W) crops, beside others or alone, to the severity (N,) 0..1 of it."""
    crops, others, known, severity = batch
    with devices.half(crops.device):
        both = network.looked(torch.cat([crops, others]).contiguous(memory_format=torch.channels_last))
        logits = network.told(both[: len(crops)], both[len(crops) :], known)
    return functional.binary_cross_entropy_with_logits(logits.float(), severity)


def begun(path: Path | None) -> BesideNetwork:
    """The network, its eye taken from these weights."""
    network = BesideNetwork()
    if path:
        state = {name: tensor for name, tensor in own.tensors(path, "an eye").items() if name.startswith(EYE)}
        if network.load_state_dict(state, strict=False).unexpected_keys:
            raise SystemExit(f"{path} holds another eye.")
    return network


def learn(options: argparse.Namespace) -> None:
    data = partial(training.Judged, arrays=("crops", "others", "severity"), varied=varied, collated=collated)
    recipe = training.Recipe(partial(begun, options.begin), data, loss, report, shown="loss {:.4f}".format, decay=0.02)
    training.train(options, CHECKPOINT, recipe)


if __name__ == "__main__":
    line = training.resumable(training.parser(__doc__, minutes=55, rate=1e-3, batch=64))
    line.add_argument("--begin", type=Path, help="weights whose eye to begin with, of whatever is read from what it sees")
    training.run(line.parse_args(), learn, CHECKPOINT)
