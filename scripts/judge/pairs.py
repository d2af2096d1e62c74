"""Make training pairs for the judge: a face, faulty or not, with three other frames of it placed onto its mesh.

    python scripts/restorer/pairs.py people MESH_RUN/data PEOPLE            # clean crops and meshes of everybody
    python scripts/judge/pairs.py held MESH_RUN/data PEOPLE RUN             # the fixed set that training is watched on
    python scripts/judge/pairs.py train MESH_RUN/data PEOPLE RUN --shards 0-24   # several processes may make different shards

A shard is RUN/train_NNNN.npy, a structured array of `PAIR`. Meshes are measured in the crops as they are shown. Faults are
the bench's and, as often, those of `judge.bends`; other frames may have faults of their own; half of all faces, sound or not,
are blurred, compressed, unevenly lit or covered, which is no fault.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from facefix.bench.clips import part_of
from facefix.bench.faults import VARIANTS
from facefix.diagnose.judge.network import ANCHORS, JUDGED, SIDE_PX
from facefix.faces.mesh import framing, placing, topology
from judge import bends
from mesh import augment, damage
from restorer import pairs, people, spoil

SHARES = {"clean": 0.32, "warp": 0.26, "drift": 0.2, "flicker": 0.12, "waxy": 0.1}
SHARD = 256
CLIP_SHARE = 0.65
WORN, WORN_ALIKE = 0.35, 0.15
"""Shares: this face alone spoiled by what is no fault; all frames alike."""
ONE_BAD, ALL_BAD = 0.15, 0.12
"""Shares: one of the other frames has a fault; all have this face's own."""
OWN_FAULTS = 0.5
"""Of warps and drifts that are not the bench's."""
HELD_SEVERITY = 0.6
_SQUARE = (SIDE_PX, SIDE_PX)
PAIR = np.dtype(
    [
        ("face", np.uint8, (*_SQUARE, 3)),
        ("anchors", np.uint8, (ANCHORS, *_SQUARE, 3)),
        ("coverage", np.uint8, (ANCHORS, *_SQUARE)),
        ("guide", np.float16, (placing.GRID_PX, placing.GRID_PX, 2)),
        ("lost", np.uint8, (SIDE_PX // 4, SIDE_PX // 4)),
        ("severity", np.float32, len(JUDGED)),
        ("fault", np.uint8),
        ("group", np.int32),
        ("clip", np.bool_),
    ]
)
"""Pictures RGB. guide in pixels of SIDE_PX. lost: mean absolute change by the fault, 255 = 0.25 of full scale. fault: index of
`SHARES`."""


class Maker(pairs.Maker):
    """Draws pairs from one side of the split; of clips, to train on, only from those that fitting the diagnosis may see."""

    def __init__(self, folder: Path, collected: Path, held_out: bool) -> None:
        super().__init__(folder, collected, held_out)
        if not held_out:
            names = [Path(self.rows[self.all.source[i]]["group"]).with_suffix(".mp4") for i in self.clips]
            self.clips = self.clips[[part_of(name, Path()) == "fit" for name in names]]

    def spoilt(self, i: int, mode: str, severity: float, seed: int, own: bool) -> NDArray[np.uint8]:
        """The clean crop of row i with a fault; the same seed does the same to every frame."""
        crop, mesh = self.all.crops[i], self.all.meshes[i]
        rng = np.random.default_rng([seed, 5])
        if own and mode == "warp":
            return bends.warp(crop, mesh, severity, rng)
        if own and mode == "drift":
            other = self.all.meshes[int(rng.choice(self.mine))]
            return bends.drift(crop, mesh, other, severity, seed)
        ways = [name for name, fault in VARIANTS.items() if fault.mode == mode]
        # The typical fault as often as all others together.
        way = mode if len(ways) == 1 or rng.random() < 0.5 else str(rng.choice([name for name in ways if name != mode]))
        return spoil.fault(way, crop, self.before(i), framing.five_points(mesh), severity, seed)

    def judged(self, i: int, mode: str, severity: float, seed: int, plain: bool = False) -> np.void:
        """A pair from row i. plain: no wear, all other frames sound, the bench's faults: for the held-out set."""
        rng = np.random.default_rng([seed, 1])
        own = not plain and mode in ("warp", "drift") and rng.random() < OWN_FAULTS
        few = list(self.anchors_of(i, rng))
        truth, out = self.all.crops[i], np.zeros((), PAIR)
        shown = self.spoilt(i, mode, severity, seed, own) if mode != "clean" else truth
        out["lost"] = _lost(truth, shown)
        others = [self.all.crops[j] for j in few]
        label = dict.fromkeys(JUDGED, 0.0)
        if mode != "clean":
            label[mode] = severity
        if not plain:
            others, relief = self.bad_anchors(few, others, mode, severity, seed, own, rng)
            if mode != "clean":
                label[mode] = max(0.0, severity - relief)
            shown, others = _worn(shown, others, self.all.meshes[i], self.all.crops[int(rng.choice(self.mine))], rng)
        out["severity"] = [label[name] for name in JUDGED]
        self.place(out, shown, others, jitter=0.0 if plain else 1.0, rng=rng)
        out["fault"], out["group"], out["clip"] = list(SHARES).index(mode), self.all.group[i], self.all.clip[i]
        return out[()]

    def bad_anchors(
        self, few: list[int], others: list[NDArray], mode: str, severity: float, seed: int, own: bool, rng: Generator
    ) -> tuple[list[NDArray], float]:
        """The other frames, some spoilt too, and by how much that makes this one's fault harder to call one."""
        chance, out = rng.random(), list(others)
        if chance < ONE_BAD and few:
            k = int(rng.integers(len(few)))
            bad = mode if mode in ("drift", "waxy") else str(rng.choice(["warp", "flicker"]))
            out[k] = self.spoilt(few[k], bad, float(rng.uniform(0.2, 0.9)), seed + 1, own)
        elif chance < ONE_BAD + ALL_BAD and mode in ("drift", "waxy", "flicker"):
            # Drift and wax that all frames have alike cannot be told from how this person looks; flicker can.
            level = float(np.clip(severity + rng.normal(0, 0.2), 0.05, 0.95))
            alike = mode != "flicker"
            out = [self.spoilt(j, mode, level, seed if alike else seed + 2 + k, own) for k, j in enumerate(few)]
            return out, level if alike else 0.0
        return out, 0.0

    def place(self, out: NDArray, face: NDArray[np.uint8], others: list[NDArray], jitter: float, rng: Generator) -> None:
        """Cut the face anew as an inexact detector would, measure every mesh as it is seen, place the others on it."""
        points = people.TEMPLATE + rng.normal(0, 0.02 * jitter, (5, 2)) * (people.TEMPLATE[1] - people.TEMPLATE[0])[0]
        face, _ = people.cut(face, points.astype(np.float32))
        crops = np.stack([face, *others]) if others else face[None]
        meshes = people.measure(self.mesher, crops, people.TEMPLATE)
        out["face"] = face
        for k, (crop, mesh) in enumerate(zip(crops[1:], meshes[1:], strict=True)):
            placed = placing.place(crop.astype(np.float32) / 255, mesh, meshes[0], topology.TRIANGLES)
            out["anchors"][k] = np.round(placed.pixels * 255)
            out["coverage"][k] = np.round(placed.coverage * 255)
        out["guide"] = placing.guide(list(meshes[1:]), meshes[0], topology.TRIANGLES, SIDE_PX)

    def random_judged(self, seed: int) -> np.void:
        rng = np.random.default_rng([seed, 0])
        pool = self.clips if rng.random() < CLIP_SHARE or not len(self.portraits) else self.portraits
        mode = str(rng.choice(list(SHARES), p=list(SHARES.values())))
        return self.judged(int(rng.choice(pool)), mode, float(rng.uniform(0.15, 0.95)), seed)


def _lost(truth: NDArray[np.uint8], shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(S / 4, S / 4) how much the fault changed, 255 = 0.25 of full scale."""
    change = np.abs(shown.astype(np.float32) - truth).mean(-1)
    small = cv2.resize(change, (SIDE_PX // 4, SIDE_PX // 4), interpolation=cv2.INTER_AREA)
    return np.clip(4 * small, 0, 255).astype(np.uint8)


def _worn(
    face: NDArray[np.uint8], others: list[NDArray], mesh: NDArray[np.float32], stuff: NDArray[np.uint8], rng: Generator
) -> tuple[NDArray[np.uint8], list[NDArray]]:
    """What cameras, light, encoders and hands do, to this frame or to all."""
    chance = rng.random()
    if chance < WORN_ALIKE:
        seed = int(rng.integers(1 << 30))
        face, *others = [_wear(p, np.random.default_rng(seed)) for p in (face, *others)]
    elif chance < WORN_ALIKE + WORN:
        if rng.random() < 0.3:
            face, _ = augment.covered(face, mesh, stuff, rng)
        else:
            face = _wear(face, rng)
    return face, others


def _wear(picture: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    kind = int(rng.integers(6))
    if kind == 0:
        return damage.blur(picture, float(rng.uniform(0.5, 2.2)))
    if kind == 1:
        return damage.motion(picture, float(rng.uniform(2, 9)), float(rng.uniform(0, np.pi)))
    if kind == 2:
        return damage.noise(picture, float(rng.uniform(1, 9)), rng)
    if kind == 3:
        return damage.jpeg(picture, int(np.exp(rng.uniform(np.log(8), np.log(60)))))
    if kind == 4:
        return damage.coarse(picture, float(rng.uniform(1.2, 2.5)))
    return damage.light(picture, rng)


def make_shard(maker: Maker, path: Path, number: int, seed: int) -> None:
    if path.exists():
        return
    made, began = np.zeros(SHARD, PAIR), time.monotonic()
    for k in range(SHARD):
        made[k] = maker.random_judged(seed + number * SHARD + k)
    part = path.with_suffix(".part.npy")
    np.save(part, made)
    part.replace(path)
    print(f"{path.name}: {(time.monotonic() - began) / SHARD:.2f} s a pair", flush=True)


def make_held(maker: Maker, path: Path, frames_each: int, portraits: int) -> None:
    """Every fault on the same faces at severity 0.6: frames spread over each held-out clip, and some portraits."""
    faces = []
    for group in np.unique(maker.all.group[maker.clips]):
        frames = maker.clips[maker.all.group[maker.clips] == group]
        faces += [int(frames[k]) for k in (np.linspace(0.05, 0.95, frames_each) * (len(frames) - 1)).astype(int)]
    faces += [int(i) for i in maker.portraits[:: max(1, len(maker.portraits) // portraits)][:portraits]]
    modes = list(SHARES)
    made = np.zeros(len(faces) * len(modes), PAIR)
    for k in range(len(made)):
        made[k] = maker.judged(faces[k // len(modes)], modes[k % len(modes)], HELD_SEVERITY, 10_000_000 + k, plain=True)
    np.save(path, made)
    print(f"{path.name}: {len(made)} pairs, {len(faces)} faces")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("held", "train"))
    parser.add_argument("collected", type=Path, help="what scripts/mesh/collect.py wrote")
    parser.add_argument("people", type=Path, help="what scripts/restorer/pairs.py people wrote")
    parser.add_argument("run", type=Path)
    parser.add_argument("--shards", default="0-8", help="first-last, exclusive")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.run.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    maker = Maker(options.people, options.collected, options.what == "held")
    if options.what == "held":
        make_held(maker, options.run / "held.npy", 16, 16)
        return
    first, last = (int(part) for part in options.shards.split("-"))
    for number in range(first, last):
        make_shard(maker, options.run / f"train_{number:04}.npy", number, options.seed)


if __name__ == "__main__":
    main()
