"""See how differently pairs of frames are shaken in sequences that flicker: training data of `train_shake.py`.

    python scripts/geometry/tracks.py RUN/tracks CLIPS...
    python scripts/shake/pairs.py RUN --count 800 [--part 0/2]

RUN/steady.npy: how far each point of a mesh goes with the head. RUN/shake/NNNNN.npz, one sequence each: of pairs of frames a
few apart what `repair.shake.evidence` says, the head's place, and what the first is shaken by less what the second is. Of the
tracks that training holds out all pairs are kept, and the meshes, measured and true.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from facefix.faces.mesh.mesher import Mesher
from facefix.repair.registration.evidence import SIDE_PX, View, eye_distance
from facefix.repair.shake import LAGS, places
from facefix.repair.shake.evidence import between, compared
from geometry import sequences
from geometry.tracks import SIDE_PX as TRACK_PX
from train_registration import HELD

KINDS = {"flicker": 0.65, "flicker-identity": 0.25, "flicker-brightness": 0.1}
PAIRS = 36
"""Of a sequence, at most."""
_SMALLER = SIDE_PX / TRACK_PX
_ROUNDS, _FLOOR, _STILL = 3, 1e-5, 2e-5
_EVERY = 3
_BETWEEN = 2, 6
"""Frames between two whose meshes are laid on each other."""


class Measure:
    """In the place of `sequences.measure`: keeps the crops that are measured."""

    def __init__(self) -> None:
        self.usual, self.crops = sequences.measure, np.empty(0, np.uint8)

    def __call__(self, mesher: Mesher, crops: NDArray[np.uint8], points: NDArray[np.float32]) -> tuple[NDArray, NDArray]:
        self.crops = crops
        return self.usual(mesher, crops, points)


def steady(tracks: list[sequences.Source]) -> NDArray[np.float32]:
    """(478,) 0..1: points are steady that lie the same in all frames of a track once its heads are laid on each other."""
    unsteady = []
    for track in tracks:
        weights, off = np.ones(track.meshes.shape[1], np.float32), np.zeros(0)
        several = [(t, lag) for lag in _BETWEEN for t in range(lag, len(track.meshes), _EVERY)]
        for _ in range(_ROUNDS):
            off = np.mean([_apart(track.meshes[t - lag], track.meshes[t], weights) for t, lag in several], 0)
            weights = (1 / (off + _FLOOR)).astype(np.float32)
        unsteady.append(off)
    still = 1 / (np.median(unsteady, 0) + _STILL)
    return (still / still.max()).astype(np.float32)


def _apart(mesh: NDArray[np.float32], other: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """(478,) squared distances of points, in eye distances, one mesh laid on the other."""
    laid = (places.flat(mesh) - places.middle(mesh, weights)) * places.fit(mesh, other, weights) + places.middle(other, weights)
    return np.square(np.abs(laid - places.flat(other)) / eye_distance(other))


def looked(
    source: sequences.Source, matrices: NDArray[np.float32], sequence: tuple[dict, NDArray[np.uint8]],
    weights: NDArray[np.float32], rng: np.random.Generator, held: bool,
) -> dict[str, Any] | None:  # fmt: skip
    """The samples of what `sequences.sequence` made and the crops that it measured, by name; None where there are none."""
    row, crops = sequence
    measured, first = row["meshes"], json.loads(row["about"])["first"]
    length = len(measured)
    part = slice(first, first + length)
    clean, seen = source.meshes[part], sequences.seen(source, first, measured, crops)
    if seen is None:
        return None
    small = [cv2.resize(c, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA) for c in seen]
    views = [View(cv2.cvtColor(c, cv2.COLOR_RGB2GRAY), m * _SMALLER) for c, m in zip(small, measured, strict=True)]
    shaken = np.stack([places.shake(a, b, weights) for a, b in zip(measured, clean, strict=True)])
    turned = np.arctan2(matrices[part, 1, 0], matrices[part, 0, 0])
    bad, ways = row["flicker"] > 0, [sign * lag for lag in LAGS for sign in (-1, 1)]
    pairs = [(t, t + w) for t in range(length) for w in ways if 0 <= t + w < length and (bad[t] or bad[t + w])]
    pairs = [(t, s) for t, s in pairs if t > s] if held else [pairs[i] for i in np.sort(rng.permutation(len(pairs))[:PAIRS])]
    if not pairs:
        return None
    # Where a mesh lies in a view is told as where it lies in the crop, smaller.
    cut = matrices[part] * np.array([1, 1, _SMALLER], np.float32)
    told = [compared(views[t], views[s], between(cut[t], cut[s]), weights) for t, s in pairs]
    # Every view is turned as its face is.
    apart = [shaken[t] - places.turn(turned[t] - turned[s]) @ shaken[s] for t, s in pairs]
    known = {"meshes": measured, "clean": clean, "matrix": matrices[part], "flicker": row["flicker"]} if held else {}
    return {"cells": np.stack([t.cells for t in told]).astype(np.float16), "head": np.stack([t.head for t in told]),
            "moved": np.stack([t.moved for t in told]),
            "apart": np.array(apart, np.float32), "pairs": np.array(pairs), "about": row["about"], "fps": source.fps,
            **known}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--count", type=int, default=800)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--part", default="0/1", help="which of how many shares of the sequences")
    options = parser.parse_args()
    mine, parts = (int(n) for n in options.part.split("/"))
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    mesher, began, measure = Mesher("cpu"), time.monotonic(), Measure()
    sequences.measure = measure
    paths = [path for path in sorted((options.run / "tracks").glob("*.npz")) if sequences.mine(path, False)]
    known, at = [sequences.load(path, mesher) for path in paths], []
    for path in paths:
        with np.load(path) as cut:
            at.append(cut["matrix"])
    if not (options.run / "steady.npy").exists():
        np.save(options.run / "steady.npy", steady(known))
    weights = np.load(options.run / "steady.npy")
    (options.run / "shake").mkdir(exist_ok=True)
    for number in range(options.first + mine, options.first + options.count, parts):
        out = options.run / "shake" / f"{number:05}.npz"
        if out.exists():
            continue
        rng = np.random.default_rng([number, 77])
        chosen = int(rng.integers(len(paths)))
        source = known[chosen]
        row = sequences.sequence(source, 1000 * number, mesher, KINDS, 0.0)
        told = looked(source, at[chosen], (row, measure.crops), weights, rng, source.name in HELD)
        if told is not None:
            np.savez(out, track=source.name, **told)
        if number % 20 == 0:
            print(f"{out.name}: {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
