"""Train the skin reader: the network that says how waxy the skin of one face is.

    python scripts/skin/crops.py ...                            # see there
    python scripts/train_skin.py RUN --minutes 20 [--seed 0] [--device cuda --batch 128]
    python scripts/train_skin.py RUN --export models/skin.safetensors

The checkpoint is RUN/skin.pt, the log goes to the terminal: training loss and, on held-out people and clips, how well wax of
severity 0.5 and more is told from faces without, whatever else was done to both (area under the curve).
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
from torch import Tensor, nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parent))

import training
from facefix.diagnose.skin.bands import bands
from facefix.diagnose.skin.network import SkinNetwork
from facefix.models import devices, own
from skin.crops import WEAR

CHECKPOINT = "skin.pt"
SHIFT_PX = 8


def varied(shard: Sequence[NDArray], rng: np.random.Generator) -> tuple[NDArray[np.uint8], float]:
    """One of a shard's crops, mirrored, moved a little, in another light, and its severity."""
    crops, severity = shard
    k = int(rng.integers(len(crops)))
    dx, dy = rng.integers(-SHIFT_PX, SHIFT_PX + 1, 2)
    crop = np.roll(crops[k], (int(dy), int(dx)), (0, 1))
    crop = crop[:, ::-1] if rng.random() < 0.5 else crop
    levels = (np.arange(256) / 255) ** np.exp(rng.normal(0, 0.15)) * np.exp(rng.normal(0, 0.1))
    return np.clip(255 * levels, 0, 255).astype(np.uint8)[crop], float(severity[k])


def maps(crops: Sequence[NDArray[np.uint8]]) -> Tensor:
    """What the network looks at of each crop."""
    return torch.from_numpy(np.stack([bands(crop.astype(np.float32) / 255) for crop in crops]))


def collated(samples: Sequence[tuple], rng: np.random.Generator) -> tuple[Tensor, ...]:
    del rng
    crops, severity = zip(*samples, strict=True)
    return maps(crops), torch.tensor(severity)


@torch.inference_mode()
def report(network: nn.Module, folder: Path, device: torch.device) -> str:
    told, severities, wears = [], [], []
    for path in sorted(folder.glob("held_*.npz")):
        with np.load(path) as row:
            crops, severity, wear = row["crops"], row["severity"], row["wear"]
        for start in range(0, len(crops), 64):
            told.append(network(maps(crops[start : start + 64]).to(device)).float().cpu().numpy())
        severities.append(severity)
        wears.append(wear)
    logits, severity, wear = (np.concatenate(a) for a in (told, severities, wears))
    plain, sound = severity >= 0.5, severity == 0
    parts = [f"all {training.area(logits[plain], logits[sound]):.3f}"]
    for k, name in enumerate(WEAR):
        parts.append(f"{name} {training.area(logits[plain & (wear == k)], logits[sound & (wear == k)]):.2f}")
    return ", ".join(parts)


def loss(network: nn.Module, batch: Sequence[Tensor]) -> Tensor:
    """() cross entropy of what is told of (N, C, H, W) maps to the severity (N,) 0..1 of their wax."""
    crops, severity = batch
    with devices.half(crops.device):
        logits = network(crops.contiguous(memory_format=torch.channels_last))
    return functional.binary_cross_entropy_with_logits(logits.float(), severity)


def begun(path: Path | None) -> SkinNetwork:
    """The network, with these weights if any."""
    network = SkinNetwork()
    return own.load(network, path, "the skin reader").train().requires_grad_(True) if path else network


def learn(options: argparse.Namespace) -> None:
    data = partial(training.Judged, arrays=("crops", "severity"), varied=varied, collated=collated)
    recipe = training.Recipe(partial(begun, options.begin), data, loss, report, shown="loss {:.4f}".format, decay=0.02)
    training.train(options, CHECKPOINT, recipe)


if __name__ == "__main__":
    line = training.resumable(training.parser(__doc__, minutes=20, rate=2e-3, batch=64))
    line.add_argument("--begin", type=Path, help="weights to begin with")
    training.run(line.parse_args(), learn, CHECKPOINT)
