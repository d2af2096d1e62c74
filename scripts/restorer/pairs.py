"""Make training pairs for the anchored restorer: damaged crop, truth, three placed anchors, guide.

    python scripts/mesh/collect.py DATA MESH_RUN/data             # crops of everybody, split into trained on and held out;
                                                                  # of several kinds of clips: MESH_RUN/data/KIND
    python scripts/restorer/pairs.py people MESH_RUN/data RUN     # clean crops and meshes of everybody
    python scripts/restorer/pairs.py held MESH_RUN/data RUN       # the fixed set that training is watched on
    python scripts/restorer/pairs.py train MESH_RUN/data RUN --shards 0-24 # several processes may make different shards

A shard is RUN/train_NNNN.npy, a structured array of `PAIR`. The damaged crop's mesh is measured in the damaged crop, as the
product must, and its features are moved to where a straightened mesh has them: the true mesh, off by what straightening left
of such a fault (RUN/remains.npz, by `fit_straightening.py --remains`, then `registration/remains.py`). Anchors are other
frames of the same clip, or the same portrait turned, placed on that mesh.
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

from facefix.bench.faults import VARIANTS
from facefix.faces.mesh import framing, shape, topology
from facefix.faces.mesh.mesher import Mesher
from facefix.faces.mesh.movement import MODES as MOVED
from facefix.repair import placing
from facefix.repair.mask import face_mask
from restorer import people, spoil
from restorer.people import SIDE_PX

MODES = ("clean", "warp", "warp-smear", "drift", "drift-age", "drift-hairline", "flicker", "waxy", "collapsed")
"""Variants of the bench's faults, or none. Renders ask this restorer about warps, drifts and melts; the others keep it from
harm."""
SHARES = (0.10, 0.20, 0.18, 0.16, 0.08, 0.06, 0.05, 0.06, 0.11)
MILDEST, WORST = 0.2, dict.fromkeys(MODES, 0.9) | {"collapsed": 0.7}
"""Of a face that melts further nothing is left to repair."""
ANCHORS = 3
SHARD = 256
CLIP_SHARE = 0.6
CANDIDATES = 17
"""Anchors are chosen of so many frames, as renders have them: the best of a track and those near the damage."""
APART = 4
"""Rows of a clip between a frame and its anchors: a fault spans its neighbours too."""
HELD_SEVERITY = 0.6
_SQUARE = (SIDE_PX, SIDE_PX)
PAIR = np.dtype(
    [
        ("truth", np.uint8, (*_SQUARE, 3)),
        ("damaged", np.uint8, (*_SQUARE, 3)),
        ("anchors", np.uint8, (ANCHORS, *_SQUARE, 3)),
        ("coverage", np.uint8, (ANCHORS, *_SQUARE)),
        ("guide", np.float16, (placing.GRID_PX, placing.GRID_PX, 2)),
        ("mode", np.uint8),
        ("severity", np.float32),
        ("source", np.int32),
        ("clip", np.bool_),
    ]
)
"""Pictures RGB. guide in pixels of SIDE_PX. mode an index of `MODES`."""


class Maker:
    """Draws pairs from one side of the split."""

    def __init__(self, folder: Path, collected: Path, held_out: bool) -> None:
        self.big, self.rows = people.collected(collected)
        self.all = people.load(folder)
        self.mesher, self.shape = Mesher("cpu"), shape.load()
        self.remains = dict(np.load(folder / "remains.npz"))
        self.mine = np.flatnonzero((self.all.held_out == held_out) & self.all.original)
        self.clips = self.mine[self.all.clip[self.mine]]
        self.frames_of = [self.clips[self.all.group[self.clips] == group] for group in np.unique(self.all.group[self.clips])]
        self.portraits = self.mine[~self.all.clip[self.mine]]
        self.row_of = {int(self.all.source[i]): int(i) for i in self.mine}

    def anchors_of(self, i: int, rng: Generator) -> NDArray[np.int64]:
        """ANCHORS rows of the same person at another time or from another side."""
        same = np.flatnonzero(self.all.group == self.all.group[i])
        far = np.abs(self.all.source[same] - self.all.source[i]) >= APART
        same = same[far] if self.all.clip[i] else same[same != i]
        few = rng.choice(same, min(len(same), CANDIDATES), replace=False)
        if rng.random() < 0.6:
            # The product picks anchors whose pose is near; not always so in training, for it may find none.
            mesh = self.all.meshes[i]
            off = [np.abs(placing.fit(self.all.meshes[j], mesh, 1) - self.all.meshes[j])[:, :2].mean() for j in few]
            few = few[np.argsort(off)]
        return few[:ANCHORS]

    def before(self, i: int) -> NDArray[np.uint8]:
        """The same face a little earlier, aligned alike."""
        earlier = self.row_of.get(int(self.all.source[i]) - 1, i)
        return self.all.crops[earlier if self.all.group[earlier] == self.all.group[i] else i]

    def pair(self, i: int, mode: str, severity: float, seed: int, jitter: float = 1.0) -> np.void:
        rng = np.random.default_rng([seed, 1])
        exact = np.array(self.rows[self.all.source[i]]["points"], np.float32)
        eye = float(np.linalg.norm(exact[1] - exact[0]))
        truth, _ = people.cut(self.big[self.all.source[i]], exact + rng.normal(0, 0.03 * jitter * eye, (5, 2)))
        mesh = people.measure(self.mesher, truth[None], people.TEMPLATE)[0]
        five = framing.five_points(mesh)
        damaged, wanted = truth, mesh
        if mode != "clean":
            make = spoil.mixture if jitter else spoil.fault
            damaged = make(mode, truth, self.before(i), five, severity, seed)
            bent = people.measure(self.mesher, damaged[None], people.TEMPLATE)[0]
            wanted = self.straightened(mesh, VARIANTS[mode].mode, rng) if VARIANTS[mode].mode in MOVED else bent
            damaged = straight(damaged, bent, wanted)
        out = np.zeros((), PAIR)
        out["truth"], out["damaged"] = truth, damaged
        out["mode"], out["severity"] = MODES.index(mode), severity if mode != "clean" else 0
        out["source"], out["clip"] = self.all.source[i], self.all.clip[i]
        few = self.anchors_of(i, rng)
        for k, j in enumerate(few):
            anchor = self.all.crops[j].astype(np.float32) / 255
            placed = placing.place(anchor, self.all.meshes[j], wanted, topology.TRIANGLES)
            out["anchors"][k] = np.round(placed.pixels * 255)
            out["coverage"][k] = np.round(placed.coverage * 255)
        return out[()]

    def straightened(self, mesh: NDArray[np.float32], mode: str, rng: Generator) -> NDArray[np.float32]:
        """(478, 3) the true mesh as a straightener finds it: off by what it left of such a fault of some other face."""
        place = self.shape.place(mesh)
        left = self.remains[mode][rng.integers(len(self.remains[mode]))].astype(np.float64)
        if rng.random() < 0.5:
            left = left[topology.MIRROR] * [-1, 1, 1]
        return (mesh + place.scale * left @ place.rotation.T).astype(np.float32)

    def random_pair(self, seed: int) -> np.void:
        rng = np.random.default_rng([seed, 0])
        # Every clip as often as any other, however long it is.
        of_clip = rng.random() < CLIP_SHARE or not len(self.portraits)
        pool = self.frames_of[rng.integers(len(self.frames_of))] if of_clip else self.portraits
        mode = str(rng.choice(MODES, p=SHARES))
        return self.pair(int(rng.choice(pool)), mode, float(rng.uniform(MILDEST, WORST[mode])), seed)


def straight(damaged: NDArray[np.uint8], mesh: NDArray[np.float32], wanted: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(S, S, 3) the crop with its features moved, as a render does first."""
    weight = face_mask(people.TEMPLATE, SIDE_PX).face
    moved = placing.moved(damaged.astype(np.float32) / 255, mesh, wanted, topology.TRIANGLES, weight)
    return np.clip(np.rint(moved * 255), 0, 255).astype(np.uint8)


def make_shard(maker: Maker, path: Path, number: int, seed: int) -> None:
    if path.exists():
        return
    made = np.zeros(SHARD, PAIR)
    began = time.monotonic()
    for k in range(SHARD):
        made[k] = maker.random_pair(seed + number * SHARD + k)
    save(path, made)
    print(f"{path.name}: {(time.monotonic() - began) / SHARD:.2f} s a pair", flush=True)


def save(path: Path, made: NDArray) -> None:
    """Whole or not at all: whoever trains meanwhile reads what is there."""
    part = path.with_suffix(".part.npy")
    np.save(part, made)
    part.replace(path)


def make_held(maker: Maker, path: Path, frames_each: int, portraits: int) -> None:
    """Every mode on the same faces: frames spread over each held-out clip, and some portraits, at severity 0.6."""
    faces = []
    for group in np.unique(maker.all.group[maker.clips]):
        frames = maker.clips[maker.all.group[maker.clips] == group]
        faces += [int(frames[k]) for k in (np.linspace(0.1, 0.9, frames_each) * (len(frames) - 1)).astype(int)]
    faces += [int(i) for i in maker.portraits[:: max(1, len(maker.portraits) // portraits)][:portraits]]
    made = np.zeros(len(faces) * len(MODES), PAIR)
    for k in range(len(made)):
        face, mode = faces[k // len(MODES)], MODES[k % len(MODES)]
        made[k] = maker.pair(face, mode, HELD_SEVERITY, 10_000_000 + k, jitter=0.0)
    np.save(path, made)
    print(f"{path.name}: {len(made)} pairs, {len(faces)} faces")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("people", "held", "train"))
    parser.add_argument("collected", type=Path, help="what scripts/mesh/collect.py wrote")
    parser.add_argument("run", type=Path)
    parser.add_argument("--shards", default="0-8", help="first-last, exclusive")
    parser.add_argument("--portraits", type=int, help="how many: 700 for people, 12 for held")
    parser.add_argument("--frames", type=int, default=7, help="of each held-out clip")
    parser.add_argument("--out", default="held.npy", help="name of the held-out set")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.run.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    if options.what == "people":
        everybody = people.gather(options.collected, Mesher("cpu"), options.portraits or 700, options.seed)
        people.save(everybody, options.run)
        print(f"{len(everybody.crops)} crops")
        return
    maker = Maker(options.run, options.collected, options.what == "held")
    if options.what == "held":
        make_held(maker, options.run / options.out, options.frames, options.portraits or 12)
        return
    first, last = (int(part) for part in options.shards.split("-"))
    for number in range(first, last):
        make_shard(maker, options.run / f"train_{number:04}.npy", number, options.seed)


if __name__ == "__main__":
    main()
