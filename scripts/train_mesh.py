"""Train the face mesh network.

    python scripts/mesh/collect.py DATA RUN/data       # then label with scripts/mesh/teacher.py
    python scripts/train_mesh.py RUN --minutes 55 [--seed 0] [--device cuda]
    python scripts/train_mesh.py RUN --minutes 20 --rate 4e-4 --resume --calm     # longer, on what is nearer to real clips
    python scripts/train_mesh.py RUN --export models/mesh.safetensors

RUN/data holds crops and labels. Checkpoints go to RUN/mesh.pt, the log to the terminal. The schedule follows the clock: a
warm-up, then a cosine down to nothing at the end of `--minutes`. One process damages pictures, this one learns.
"""

from __future__ import annotations

import argparse
import copy
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

sys.path.insert(0, str(Path(__file__).parent))

import training
from facefix.faces.mesh import framing, topology
from facefix.faces.mesh.network import MeshNetwork
from facefix.models import devices
from mesh import damage, data
from mesh.augment import CALM, FULL, Mix, sample

CLIP_SHARE = 0.22
"""Of the samples; clips have many frames of few people."""
FINE_WEIGHT = 2.0
"""Of lips, eyelids and irises."""
DEPTH_WEIGHT, FIRST_WEIGHT, DOUBT_WEIGHT, SEEN_WEIGHT = 0.4, 0.4, 0.05, 0.05
TURNED, TURNED_DEG = 4.0, (10, 40)
"""How often a face turned by the second angle is shown for one turned by less than the first; they are rare, and hard."""
AVERAGING = 0.998


class Samples(IterableDataset):
    """Endless batches: pictures (B, S, S, 3) uint8, meshes (B, 478, 3) crop pixels, seen (B, 478)."""

    def __init__(
        self, faces: data.Faces, reliefs: NDArray[np.float32], order: NDArray[np.int32], mix: Mix, size: int, seed: int
    ) -> None:
        self.faces, self.reliefs, self.order, self.mix, self.size, self.seed = faces, reliefs, order, mix, size, seed
        clip = np.array([row["clip"] for row in faces.rows])
        self.chance = np.where(clip, CLIP_SHARE / max(clip.sum(), 1), (1 - CLIP_SHARE) / max((~clip).sum(), 1))
        self.chance *= 1 + (TURNED - 1) * np.interp(data.yaw_deg(faces.meshes), TURNED_DEG, (0, 1))
        self.chance /= self.chance.sum()

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        info = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, info.id if info else 0])
        cv2.setNumThreads(1)
        while True:
            chosen = rng.choice(len(self.faces), (self.size, 2), p=self.chance)
            made = [
                sample(
                    self.faces.crops[i], self.faces.meshes[i], self.reliefs[i], self.faces.crops[j], self.order, self.mix, rng
                )
                for i, j in chosen
            ]
            yield tuple(torch.from_numpy(np.stack([getattr(s, k) for s in made])) for k in ("picture", "mesh", "seen"))  # type: ignore[misc]


def point_weights() -> Tensor:
    """(478,) mean 1: more where the performance is."""
    weights = torch.ones(478)
    fine = sorted({*topology.LIPS, *topology.RIGHT_EYE, *topology.LEFT_EYE, *range(468, 478)})
    weights[fine] = FINE_WEIGHT
    return weights / weights.mean()


def loss(network: MeshNetwork, batch: list[Tensor], weights: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
    """The training loss, and the mean distance of the points (x, y) in eye distances."""
    pictures, meshes, seen = (t.to(device, non_blocking=True) for t in batch)
    crops = (pictures.permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=torch.channels_last)
    half = framing.SIDE_PX / 2
    truth = torch.cat([(meshes[..., :2] + 0.5) / half - 1, meshes[..., 2:] / half], 2)
    size = (truth[:, 33] - truth[:, 263]).norm(dim=1)[:, None, None]
    face = seen.amax(1) > 0
    with devices.half(device):
        points, first, doubt, uncovered = network(crops)

    def off(answer: Tensor) -> tuple[Tensor, Tensor]:
        gap = ((answer - truth) / size).abs()[face]
        flat = gap[..., :2].sum(2)
        return flat, ((flat + DEPTH_WEIGHT * gap[..., 2]) * weights).mean()

    flat, main_loss = off(points)
    doubt = doubt.clamp(-8, 3)
    surprise = (flat.detach() * torch.exp(-doubt[face]) + doubt[face]).mean()
    covering = functional.binary_cross_entropy_with_logits(uncovered, seen)
    total = main_loss + FIRST_WEIGHT * off(first)[1] + DOUBT_WEIGHT * surprise + SEEN_WEIGHT * covering
    error = ((points - truth)[..., :2] / size)[face].norm(dim=2).mean()
    return total, error.detach()


@torch.inference_mode()
def check(network: MeshNetwork, faces: data.Faces, sigma: float, device: torch.device) -> float:
    """Mean error in eye distances on held-out faces, cut by the detector's points, blurred by `sigma` input pixels."""
    half, errors = framing.SIDE_PX / 2, []
    for start in range(0, len(faces), 64):
        some = slice(start, start + 64)
        matrices = [framing.matrix(p) for p in faces.points[some]]
        cuts = [cv2.warpAffine(c, m, (framing.SIDE_PX,) * 2, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
                for c, m in zip(faces.crops[some], matrices, strict=True)]  # fmt: skip
        cuts = [damage.blur(c, sigma) for c in cuts] if sigma else cuts
        crops = torch.from_numpy(np.stack(cuts)).to(device).permute(0, 3, 1, 2).float() / 255
        with devices.half(device):
            points = network(crops.contiguous(memory_format=torch.channels_last))[0].cpu().numpy()
        for p, m, truth in zip(points, matrices, faces.meshes[some], strict=True):
            found = ((p[:, :2] + 1) * half - 0.5 - m[:, 2]) @ np.linalg.inv(m[:, :2]).T
            errors.append(np.linalg.norm(found - truth[:, :2], axis=1).mean() / data.eye_distance(truth))
    return float(np.mean(errors))


def start_shapes(network: MeshNetwork, batches: list[Tensor]) -> None:
    """The mixed shapes begin as the principal ones of the training meshes."""
    half = framing.SIDE_PX / 2
    meshes = torch.cat(batches)
    flat = torch.cat([(meshes[..., :2] + 0.5) / half - 1, meshes[..., 2:] / half], 2).flatten(1).double()
    mean = flat.mean(0)
    _, strengths, axes = torch.linalg.svd(flat - mean, full_matrices=False)
    count = min(network.shapes.in_features, len(strengths))
    scale = (strengths[:count] / math.sqrt(len(flat))).clamp(min=2e-3)
    with torch.no_grad():
        network.shapes.bias.copy_(mean)
        network.shapes.weight.mul_(0.01)
        network.shapes.weight[:, :count] = (axes[:count] * scale[:, None]).T.float()
        network.first.weight.mul_(0.5)
        network.second.weight.mul_(0.1)


def prepare(folder: Path) -> tuple[data.Faces, data.Faces, NDArray[np.float32], NDArray[np.int32]]:
    """Training faces, held-out faces, reliefs of the training faces, mirror order."""
    faces = data.shrink(data.load(folder))
    train, held = faces.pick(~faces.held_out), faces.pick(faces.held_out)
    cache = folder / "relief.npy"
    if not cache.exists():
        np.save(cache, np.stack([data.depth(mesh) for mesh in train.meshes]))
    reliefs = np.load(cache)
    if len(reliefs) != len(train):
        raise SystemExit(f"{cache} belongs to other labels; delete it.")
    print(f"{len(train)} faces to train on, {len(held)} held out", flush=True)
    return train, held, reliefs, topology.MIRROR


def learn(options: argparse.Namespace) -> None:
    train, held, reliefs, order = prepare(options.run / "data")
    torch.manual_seed(options.seed)
    device = torch.device(options.device)
    network = MeshNetwork()
    checkpoint = options.run / "mesh.pt"
    kept = torch.load(checkpoint, weights_only=True) if options.resume else None
    seed = options.seed + (kept["step"] if kept else 0)
    batches = iter(
        DataLoader(
            Samples(train, reliefs, order, CALM if options.calm else FULL, options.batch, seed),
            batch_size=None,
            num_workers=options.workers,
            prefetch_factor=8,
        )
    )
    if kept:
        network.load_state_dict(kept["network"])
    else:
        start_shapes(network, [next(batches)[1] for _ in range(24)])
    network = network.to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    average = copy.deepcopy(network).eval()
    if kept:
        average.load_state_dict(kept["average"])
    decay = [p for p in network.parameters() if p.dim() > 1]
    rest = [p for p in network.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0}], options.rate)
    weights = point_weights().to(device)
    began, step, first_step, running = time.monotonic(), kept["step"] if kept else 0, kept["step"] if kept else 0, []
    while (done := (time.monotonic() - began) / 60 / options.minutes) < 1:
        warm = min(1.0, (step - first_step + 1) / 150)
        rate = options.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        network.train()
        total, error = loss(network, next(batches), weights, device)
        training.descend(total, network, optimizer, 2.0)
        step += 1
        training.follow(average, network, min(AVERAGING, (step + 1) / (step + 10)))
        running.append(float(error))
        if step % 50 == 0:
            print(
                f"{time.monotonic() - began:6.0f} s  step {step}  rate {rate:.5f}  train {100 * np.mean(running):.2f} %",
                flush=True,
            )
            running = []
        if step % 400 == 0:
            training.save(checkpoint, {"network": network.state_dict(), "average": average.state_dict(), "step": step})
            report(average, held, device)
    training.save(checkpoint, {"network": network.state_dict(), "average": average.state_dict(), "step": step})
    report(average, held, device)


def report(average: MeshNetwork, held: data.Faces, device: torch.device) -> None:
    clean, blurred = check(average, held, 0, device), check(average, held, 1.0, device)
    print(f"held out: clean {100 * clean:.2f} %, blurred {100 * blurred:.2f} %", flush=True)


if __name__ == "__main__":
    parser = training.resumable(training.parser(__doc__, minutes=55, rate=2e-3, batch=64))
    parser.add_argument("--calm", action="store_true", help="turn, bend and cover fewer faces: to end with")
    training.run(parser.parse_args(), learn, "mesh.pt")
