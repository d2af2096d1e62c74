"""Train the network that tells from the picture how far a straightened mesh is off.

    python scripts/registration/looks.py RUN OUT                 # see there what comes before
    python scripts/train_registration.py OUT --minutes 40 [--seed 0] [--held TRACK,...]
    python scripts/train_registration.py OUT --export models/registration.safetensors [--begin OLD.safetensors --share 0.65]

The checkpoint is OUT/registration.pt. Printed for the tracks held out: how much nearer to the true mesh the points come than
the straightener has brought them, by distance and by squared distance, in damaged frames of each severity and in sound ones.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import IterableDataset

sys.path.insert(0, str(Path(__file__).parent))

import training
from facefix.models import devices
from facefix.repair.registration.evidence import FLOW_UNIT, GRID
from facefix.repair.registration.keys import KEYS
from facefix.repair.registration.network import RegistrationNetwork, at

SOFT = 0.1
"""Where the loss turns from squared to plain distance, in the unit of the flows: 0.4 % of the eye distance."""
MOVED = 0.7
"""Share of the samples in which the mesh is put elsewhere."""
SHIFT, BEND = 0.35, 0.025
"""Standard deviations of that: shift in the unit of the flows; stretch, turn and shear."""
ALL_KEYS = 0.6
"""Share of the samples that keep all sound frames they are compared with."""
SOUND_COUNTS = 0.5
WORSE = 0.45
"""Severity from which on faults are reported apart."""
HELD = (
    "fulldit_depth_5__0", "goku_I2V_1__2", "goku_portrait_4__0", "goku_showcase_17__0", "hva_demo_1_audio_7__0",
    "kling_woman_smile_left__0", "latentsync_demo2_video__0", "liveportrait_driving_d18__0", "sora_old_man_purple__0",
    "soraturbo_old_men_beach__0", "soraturbo_old_men_beach__1",
)  # fmt: skip
"""Tracks of which nothing is seen in training."""

Rows = dict[str, NDArray]


@cache
def rows(folder: Path, held: bool, names: tuple[str, ...]) -> Rows:
    """All samples of the tracks held out, or of the others, one after the other."""
    found: list[Rows] = []
    for path in sorted(folder.glob("[0-9]*.npz")):
        with np.load(path) as row:
            if (str(row["track"]) in names) == held:
                found.append({k: row[k] for k in row.files if k != "track"})
    if not found:
        return {}
    return {k: np.concatenate([f[k] for f in found]) for k in found[0]}


class Samples(IterableDataset):
    """Endless batches: keys, present, frame, points, off, weight."""

    def __init__(self, folder: Path, size: int, seed: int, held: tuple[str, ...]) -> None:
        self.known, self.size, self.seed = rows(folder, False, held), size, seed
        if not self.known:
            raise SystemExit(f"{folder} holds no samples; the script says how they are made.")

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        rng = np.random.default_rng(self.seed)
        while True:
            chosen = rng.integers(len(self.known["count"]), size=self.size)
            parts = [varied({k: v[i] for k, v in self.known.items()}, rng) for i in chosen]
            yield tuple(torch.from_numpy(np.stack(column)) for column in zip(*parts, strict=True))


def varied(row: Rows, rng: Generator) -> tuple[NDArray, ...]:
    """One sample, mirrored, with fewer keys, its mesh put elsewhere, as chance has it."""
    keys, frame, points, off = (row[k].astype(np.float32) for k in ("keys", "frame", "points", "off"))
    chosen = rng.permutation(int(row["count"]))[: KEYS if rng.random() < ALL_KEYS else int(rng.integers(1, KEYS + 1))]
    present = np.arange(KEYS) < len(chosen)
    keys = np.concatenate([keys[chosen], np.zeros((KEYS - len(chosen), *keys.shape[1:]), np.float32)])
    if rng.random() < 0.5:
        keys, frame = keys[..., ::-1].copy(), frame[..., ::-1].copy()
        for leftward in (keys[:, 0], frame[0], frame[2], off[:, 0]):
            leftward *= -1
        points[:, 0] = 1 - points[:, 0]
    if rng.random() < MOVED:
        field, moved = elsewhere(points, rng)
        keys[:, :2] -= field
        frame[:2] -= field
        off -= moved
    frame[6] = frame[6] * np.float32(rng.uniform(0.7, 1.2)) + np.float32(rng.normal(0, 0.15))
    weight = np.float32(SOUND_COUNTS if row["sound"] else 1.0)
    return keys, present.astype(np.float32), frame, points, off, weight


def elsewhere(points: NDArray[np.float32], rng: Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A shift, turn, stretch and shear of a mesh: (2, GRID, GRID) in every cell and (478, 2) of its points (478, 2)."""
    turn, size = rng.normal(0, BEND, 2)
    matrix = np.array([[size, -turn], [turn, size]]) + 0.5 * rng.normal(0, BEND, (2, 2))
    shift = rng.normal(0, SHIFT, 2)
    cells = (np.arange(GRID) + 0.5) / GRID
    places = np.stack(np.meshgrid(cells, cells), -1)
    field, moved = (shift + (p - points.mean(0)) * side_in_units(points) @ matrix.T for p in (places, points))
    return np.moveaxis(field, -1, 0).astype(np.float32), moved.astype(np.float32)


def side_in_units(points: NDArray[np.float32]) -> float:
    """The crop's side in the unit of the flows, which is a 25th of the eye distance."""
    return FLOW_UNIT / float(np.linalg.norm(points[33] - points[263]))


def loss(network: nn.Module, batch: Sequence[Tensor]) -> Tensor:
    keys, present, frame, points, off, weight = batch
    with devices.half(keys.device):
        field = network(keys, present, frame)
    far = torch.sqrt(((at(field, points) - off) ** 2).sum(-1) + SOFT**2) - SOFT
    return (far.mean(1) * weight).mean()


def answers(network: nn.Module, known: Rows, device: torch.device, batch: int = 64) -> NDArray[np.float32]:
    """(N, 478, 2) shifts that the network would have."""
    out = []
    with torch.inference_mode():
        for start in range(0, len(known["count"]), batch):
            keys, frame, points = (
                torch.from_numpy(known[k][start : start + batch].astype(np.float32)).to(device)
                for k in ("keys", "frame", "points")
            )
            keys = keys[:, :KEYS]
            present = (np.arange(KEYS) < known["count"][start : start + batch, None]).astype(np.float32)
            with devices.half(device):
                field = network(keys, torch.from_numpy(present).to(device), frame)
            out.append(at(field, points).cpu().numpy())
    return np.concatenate(out)


def report(network: nn.Module, folder: Path, device: torch.device, held: tuple[str, ...]) -> str:
    known = rows(folder, True, held)
    if not known:
        return "nothing"
    left, bad = known["off"] - answers(network, known, device), known["sound"] == 0
    groups = {"mild": bad & (known["severity"] < WORSE), "worse": bad & (known["severity"] >= WORSE), "sound": ~bad}
    return "; ".join(f"{name} {some.sum()}: {_nearer(known['off'][some], left[some])}" for name, some in groups.items())


def _nearer(before: NDArray[np.float32], after: NDArray[np.float32]) -> str:
    """Of shifts (N, 478, 2), in the unit of the flows."""
    far, left = (100 / FLOW_UNIT * np.linalg.norm(x, axis=-1) for x in (before, after))
    return (
        f"{far.mean():.2f} -> {left.mean():.2f} % of the eye distance, squared {np.square(far).mean():.2f} ->"
        f" {np.square(left).mean():.2f}, nearer in {100 * (left.mean(1) < far.mean(1)).mean():.0f} % of the frames"
    )


def main() -> None:
    line = training.resumable(training.parser(__doc__, minutes=40, rate=1e-3, batch=32))
    line.add_argument("--held", default=",".join(HELD), help="tracks held out; 'none' for the last training")
    line.add_argument("--begin", type=Path, help="older weights that --export is a mean of and those trained")
    line.add_argument("--share", type=float, default=1.0, help="of the trained ones in that mean")
    choices = line.parse_args()
    held = tuple(choices.held.split(","))

    def learn(options: argparse.Namespace) -> None:
        recipe = training.Recipe(
            network=lambda: RegistrationNetwork().train(),
            data=lambda folder, size, seed: Samples(folder, size, seed, held),
            loss=loss,
            report=lambda network, folder, device: report(network, folder, device, held),
            shown=lambda mean: f"loss {mean:.4f}",
            decay=0.01,
        )
        training.train(options, "registration.pt", recipe)

    training.run(choices, learn, "registration.pt")


if __name__ == "__main__":
    main()
