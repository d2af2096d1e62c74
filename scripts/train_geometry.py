"""Train the geometry reader: the network that tells from a mesh's path through a shot whether the face warps or drifts.

    python scripts/geometry/tracks.py RUN/tracks CLIPS...        # cut faces out
    python scripts/geometry/sequences.py RUN --count 1500        # inject faults, measure meshes; also with --held-out
    python scripts/train_geometry.py RUN --minutes 10 [--seed 0]
    python scripts/train_geometry.py RUN --export models/geometry.safetensors

With --generated-only, in training and export alike, filmed clips are left out: that reader has not seen what the diagnosis is
fitted on. The checkpoint is RUN/geometry.pt (RUN/geometry_generated.pt), the log goes to the terminal: training
loss and, on held-out clips, how well each output tells frames with its fault from all without one (area under the curve).
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parent))

import training
from facefix.diagnose.geometry.network import COMPONENTS, GeometryNetwork
from facefix.diagnose.geometry.reading import DEPTH, arranged, reduced
from facefix.faces.mesh import shape, topology
from facefix.faces.mesh.unturning import AREAS_MIRRORED, unturn
from geometry.sequences import LABELS, real

WINDOW = 80
AVERAGING = 0.995
NOISE = 0.15
"""Of the components, in their own spread from frame to frame."""
AS_IT_WAS = 0.3
"""Share of the samples in which a face keeps its own faults."""
LOUDNESS, SECOND = (-0.3, 0.8), 0.5
"""Log of how pronounced a face's own doings become; share of the samples in which someone else's are added: grimaces."""
FAULTY = 0.25


class Course:
    """Meshes of one face over time, unturned, and their mirror image."""

    def __init__(self, meshes: NDArray[np.float32], confidence: NDArray[np.float32], model: shape.ShapeModel) -> None:
        seen = [unturn(model, mesh, sure) for mesh, sure in zip(meshes, confidence.astype(np.float32), strict=True)]
        self.shapes = np.stack([one.shape for one in seen])
        self.poses = np.array([(one.pose.yaw, one.pose.pitch, one.pose.roll) for one in seen], np.float32)
        self.areas = np.stack([one.confidence for one in seen])

    def both(self) -> list[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]]:
        """Canonical meshes, poses and confidence as they are, and of the mirror image."""
        flipped = self.shapes[:, topology.MIRROR] * np.array([-1, 1, 1], np.float32)
        other = flipped, self.poses * np.array([-1, 1, -1], np.float32), self.areas[:, AREAS_MIRRORED]
        return [(self.shapes, self.poses, self.areas), other]


class Sequence(Course):
    """A stretch of a track with its faults."""

    def __init__(self, path: Path, model: shape.ShapeModel) -> None:
        with np.load(path) as row:
            self.labels = np.stack([row[name] for name in LABELS], 1).astype(np.float32)
            self.fps, self.about = float(row["fps"]), json.loads(str(row["about"]))
            super().__init__(row["meshes"], row["confidence"], model)


def clean(folder: Path, model: shape.ShapeModel) -> dict[str, Course]:
    """The tracks as they were before anything was injected."""
    found = {}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as row:
            found[path.stem] = Course(row["meshes"], row["confidence"], model)
    return found


def basis(sequences: list[Sequence]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(COMPONENTS, 1434) directions in which meshes leave their track's median, and (COMPONENTS,) how far they usually do."""
    some = []
    for s in sequences:
        some += [(c - np.median(c, 0))[:: max(1, len(c) // 12)] for c, _, _ in s.both()]
    flat = np.concatenate(some) * np.array([1, 1, DEPTH], np.float32)
    flat = flat.reshape(len(flat), -1).astype(np.float64)
    strengths, axes = np.linalg.eigh(flat.T @ flat / len(flat))
    axes = axes[:, np.argsort(-strengths)[:COMPONENTS]].T
    # The usual size, robustly: a few torn faces must not set the scale.
    return axes.astype(np.float32), np.maximum(1.48 * np.median(np.abs(flat @ axes.T), 0), 1e-4).astype(np.float32)


class Stretch(NamedTuple):
    """Frame by frame, of one length."""

    components: NDArray[np.float32]
    poses: NDArray[np.float32]
    areas: NDArray[np.float32]
    labels: NDArray[np.float32]

    def taken(self, rows: slice) -> Stretch:
        return Stretch(*(np.ascontiguousarray(a[rows]) for a in self))


class Data:
    """All sequences as components, ready to be drawn from: what a face does by itself, and what was done to it, apart."""

    def __init__(
        self, sequences: list[Sequence], tracks: dict[str, Course], axes: NDArray[np.float32], spread: NDArray[np.float32]
    ) -> None:
        own = {name: [(reduced(c, axes, spread), p, a) for c, p, a in track.both()] for name, track in tracks.items()}
        self.tracks = [own[name] for name in sorted({s.about["track"] for s in sequences})]
        self.whole, self.done, self.fps = [], [], []
        for s in sequences:
            rows, length = own[s.about["track"]], len(s.labels)
            part = slice(s.about["first"], s.about["first"] + length)
            seen = [Stretch(reduced(c, axes, spread), p, a, s.labels) for c, p, a in s.both()]
            self.whole.append(seen)
            self.done.append([
                Stretch(one.components - rows[k][0][part], rows[k][1][part], one.areas, s.labels) for k, one in enumerate(seen)
            ])  # fmt: skip
            self.fps.append(s.fps)

    def draw(self, count: int, rng: Generator) -> tuple[Tensor, Tensor]:
        """(N, CHANNELS, WINDOW), (N, WINDOW, labels); labels NaN where there is no frame."""
        inputs, targets = [], []
        for k in rng.integers(len(self.whole), size=count):
            side = int(rng.integers(2))
            stretch = self.whole[k][side] if rng.random() < AS_IT_WAS else self.mixed(self.done[k][side], rng)
            stretch = varied(stretch, rng)
            x, y = arranged(*stretch[:3], self.fps[k]), torch.from_numpy(stretch.labels)
            lack = WINDOW - x.shape[1]
            if lack > 0:
                x = functional.pad(x, (0, lack))
                y = functional.pad(y, (0, 0, 0, lack), value=math.nan)
            start = int(rng.integers(0, max(1, x.shape[1] - WINDOW + 1)))
            inputs.append(x[:, start : start + WINDOW])
            targets.append(y[start : start + WINDOW])
        return torch.stack(inputs), torch.stack(targets)

    def mixed(self, done: Stretch, rng: Generator) -> Stretch:
        """What was done to one face, done to another, whose own doings are more or less pronounced, or two at once."""
        length = len(done.labels)
        first, poses, areas = self.excerpt(length, rng)
        length = len(first)
        components = first * float(np.exp(rng.uniform(*LOUDNESS)))
        if rng.random() < SECOND:
            second = self.excerpt(length, rng)[0]
            components[: len(second)] += second * float(rng.uniform(0.3, 1.2))
        start = int(rng.integers(0, len(done.labels) - length + 1))
        done = done.taken(slice(start, start + length))
        components += done.components * float(rng.uniform(0.85, 1.15))
        return Stretch(components, poses, np.minimum(areas, done.areas), done.labels)

    def excerpt(self, length: int, rng: Generator) -> tuple[NDArray, NDArray, NDArray]:
        """At most so many frames of a clean track, off its median."""
        components, poses, areas = self.tracks[int(rng.integers(len(self.tracks)))][int(rng.integers(2))]
        start = int(rng.integers(0, max(1, len(components) - length + 1)))
        part = slice(start, start + length)
        return components[part] - np.median(components, 0), poses[part], areas[part]


def varied(stretch: Stretch, rng: Generator) -> Stretch:
    """Faster or slower, noisier, backwards where nothing drifts."""
    if rng.random() < 0.5:
        at = np.arange(0, len(stretch.labels) - 1, float(np.exp(rng.uniform(-0.35, 0.35))))
        low = at.astype(int)
        part = (at - low)[:, None].astype(np.float32)
        stretch = Stretch(*((a[low] * (1 - part) + a[low + 1] * part).astype(np.float32) for a in stretch))
    if stretch.labels[:, 1].max() == 0 and rng.random() < 0.5:
        stretch = stretch.taken(slice(None, None, -1))
    elif rng.random() < 0.3 and len(stretch.labels) > 50:
        cut = int(rng.integers(1, len(stretch.labels) - 40))
        if stretch.labels[:cut, 1].max() < 0.05:
            stretch = stretch.taken(slice(cut, None))
    noise = rng.normal(0, NOISE * rng.random(), stretch.components.shape).astype(np.float32)
    return stretch._replace(components=stretch.components + noise)


def checkpoint(options: argparse.Namespace) -> str:
    """The two readers of a run lie side by side."""
    return "geometry_generated.pt" if options.generated_only else "geometry.pt"


def learn(options: argparse.Namespace) -> None:
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(options.seed)
    model = shape.load()
    every = [Sequence(path, model) for path in sorted(options.run.glob("meshes_*.npz"))]
    train = [s for s in every if not (options.generated_only and real(s.about["track"]))]
    held = [Sequence(path, model) for path in sorted(options.run.glob("held_*.npz"))]
    axes, spread = basis(train)
    print(f"{len(train)} sequences, {sum(len(s.labels) for s in train)} frames; {len(held)} held out", flush=True)
    tracks = clean(options.run / "clean", model)
    data, checked = Data(train, tracks, axes, spread), Data(held, tracks, axes, spread)
    network = GeometryNetwork()
    average = copy.deepcopy(network).eval()
    optimizer = torch.optim.AdamW(network.parameters(), options.rate, weight_decay=0.1)
    began, step, running = time.monotonic(), 0, []
    while (done := (time.monotonic() - began) / 60 / options.minutes) < 1:
        for group in optimizer.param_groups:
            group["lr"] = options.rate * min(1.0, (step + 1) / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
        inputs, targets = data.draw(options.batch, rng)
        network.train()
        logits = network(inputs).transpose(1, 2)
        known = torch.isfinite(targets)
        total = functional.binary_cross_entropy_with_logits(logits[known], targets[known])
        training.descend(total, network, optimizer, 1.0)
        step += 1
        training.follow(average, network, min(AVERAGING, (step + 1) / (step + 10)))
        running.append(float(total.detach()))
        if step % 200 == 0:
            print(
                f"{time.monotonic() - began:5.0f} s  step {step}  loss {np.mean(running):.4f}  {report(average, checked)}",
                flush=True,
            )
            running = []
    state = average.state_dict() | {"basis": torch.from_numpy(axes), "spread": torch.from_numpy(spread)}
    training.save(options.run / checkpoint(options), {"average": state, "step": step})
    print(report(average, checked))


@torch.inference_mode()
def report(network: GeometryNetwork, data: Data) -> str:
    told, labels = [], []
    for (stretch, _), fps in zip(data.whole, data.fps, strict=True):
        told.append(network(arranged(*stretch[:3], fps)[None])[0].T.numpy())
        labels.append(stretch.labels)
    if not told:
        return ""
    logits, label = np.concatenate(told), np.concatenate(labels)
    sound, parts = label.max(1) < 0.03, []
    for k, name in enumerate(LABELS):
        faulty, other = label[:, k] >= FAULTY, (label[:, k] < 0.03) & ~sound
        level = np.quantile(logits[sound, k], 0.99)
        found, mistaken = (float((logits[rows, k] > level).mean()) for rows in (faulty, other))
        under = training.area(logits[faulty, k], logits[sound, k])
        parts.append(f"{name} {under:.3f} ({found:.2f} at 1 %, of other faults {mistaken:.2f})")
    return "; ".join(parts)


if __name__ == "__main__":
    line = training.parser(__doc__, minutes=10, rate=2e-3, batch=32)
    line.add_argument("--generated-only", action="store_true", help="leave filmed clips out, so that a fit may use them")
    choices = line.parse_args()
    training.run(choices, learn, checkpoint(choices))
