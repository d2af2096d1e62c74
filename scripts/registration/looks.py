"""See what registration sees of damaged sequences: training data of `train_registration.py`.

    python scripts/geometry/tracks.py RUN/tracks CLIPS...
    python scripts/geometry/sequences.py RUN --count 1500
    python scripts/registration/looks.py RUN OUT [--part 0/2]

OUT/NNNNN.npz, one for each RUN/meshes_NNNNN.npz with a fault that is registered: of some of its frames what
`repair.registration.evidence` says, with the mesh straightened as a render would, and where the mesh truly lies. Faults are
injected again, as they were when the meshes were measured; sequences that come out otherwise are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from facefix.faces import align
from facefix.faces.mesh import framing, shape, topology
from facefix.faces.mesh.movement import MODES as STRAIGHTENED
from facefix.faces.mesh.straightening import Bent, Straightener
from facefix.repair.registration import MODES
from facefix.repair.registration.evidence import SIDE_PX, View, Witness
from facefix.repair.registration.keys import KEYS as USED
from facefix.repair.registration.keys import nearest
from facefix.types import Span
from fit_straightening import mode_of
from geometry import sequences
from geometry.tracks import SIDE_PX as TRACK_PX

KINDS = {  # first number of a batch -> the faults it was drawn from; None: all, by their shares
    0: None,
    2000: "collapsed",
    5000: "warp,warp-smear,own-warp,drift,drift-step,flicker,warp",
    6000: "warp,warp-smear,own-warp,drift,drift-step,flicker,warp,flicker-identity,drift-age",
}
FRAMES, SOUND = 14, 3
"""Frames of a sequence that are looked at: damaged ones at most, sound ones."""
KEYS = USED + 1
"""Sound frames each is compared with: one more than renders do, for training draws some of them."""
_APART = 8
"""Frames between a sound one and those that it is compared with, at least."""


class Kept:
    """In the place of a mesher: keeps the crops that it is asked of."""

    def __init__(self) -> None:
        self.crops: NDArray[np.uint8] | None = None

    def __call__(self, mesher: object, crops: NDArray[np.uint8], points: NDArray[np.float32]) -> tuple[NDArray, NDArray]:
        del mesher
        self.crops = crops
        return np.zeros((len(crops), topology.POINTS, 3), np.float32), np.zeros((len(crops), topology.POINTS), np.float32)


def shares_of(number: int) -> dict[str, float]:
    kinds = KINDS[max(first for first in KINDS if first <= number)]
    return dict.fromkeys(kinds.split(","), 1.0) if kinds else sequences.SHARES


def damaged(source: sequences.Source, number: int, about: dict) -> list[NDArray[np.uint8]] | None:
    """The crops of a sequence, its faults injected anew; None where they come out otherwise."""
    kept = Kept()
    measure, sequences.measure = sequences.measure, kept
    try:
        again = json.loads(sequences.sequence(source, 1000 * number, None, shares_of(number))["about"])  # pyright: ignore[reportArgumentType]
    finally:
        sequences.measure = measure
    if again != about:
        return None
    return kept.crops


def bent(fault: dict, rng: Generator) -> Bent | None:
    """As a diagnosis would tell it: nearly where it is, nearly as bad."""
    mode = mode_of(fault["kind"])
    if mode not in STRAIGHTENED:
        return None
    off = rng.integers(-2, 3, 2) if rng.random() < 0.5 else (0, 0)
    start = max(0, fault["start"] + int(off[0]))
    severity = float(np.clip(fault["severity"] + rng.normal(0, 0.1), 0.2, 1))
    span = Span(start, max(start + 3, fault["end"] + int(off[1])))
    return Bent(mode, span, severity, steady=fault["kind"] == "drift-step")


def looked(
    path: Path, source: sequences.Source, tools: tuple[Straightener, Witness], matrices: NDArray[np.float32]
) -> dict | None:
    """The samples of a sequence, by name; None where there are none."""
    number = int(path.stem.split("_")[1])
    with np.load(path) as row:
        about, measured, fps, moved = json.loads(str(row["about"])), row["meshes"], float(row["fps"]), row["moved"]
    rng = np.random.default_rng([number, 5])
    faults = [one for f in about["faults"] if (one := bent(f, rng))]
    if not any(one.mode in MODES for one in faults):
        return None
    first, length = about["first"], len(measured)
    clean = source.meshes[first : first + length]
    changed = damaged(source, number, about)
    crops = None if changed is None else sequences.seen(source, first, measured, changed)
    if crops is None:
        return None
    matrices = matrices[first : first + length]
    inverse = [align.inverse(m) for m in matrices]
    meshes = np.stack([framing.through(back, mesh) for back, mesh in zip(inverse, measured, strict=True)])
    sound = np.ones(length, bool)
    for one in faults:
        sound[one.span.start : one.span.end] = False
    if sound.sum() < 4:
        return None
    wanted = meshes
    for mode in STRAIGHTENED:
        for one in (f for f in faults if f.mode == mode):
            wanted = tools[0].straighten(wanted, one, sound, fps)
    in_crop = np.stack([framing.through(m, mesh) for m, mesh in zip(matrices, wanted, strict=True)])
    smaller = SIDE_PX / TRACK_PX
    return _told(crops, (measured * smaller, in_crop * smaller, clean * smaller), sound, moved, tools[1], rng)


def _told(
    crops: list, meshes: tuple[NDArray, NDArray, NDArray], sound: NDArray, moved: NDArray, witness: Witness, rng: Generator
) -> dict:
    """meshes: (T, 478, 3) measured, straightened and true, in pixels of a view."""
    measured, wanted, clean = meshes
    grey = [cv2.cvtColor(cv2.resize(c, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY) for c in crops]
    bad, good = np.flatnonzero(~sound), np.flatnonzero(sound)
    frames = np.sort(rng.permutation(bad)[:FRAMES])
    others = np.sort(rng.permutation(good)[:SOUND])
    rows: dict[str, list] = defaultdict(list)
    for i in (*frames, *others):
        at = good if not sound[i] else good[np.abs(good - i) >= _APART]
        if not len(at):
            continue
        chosen = at[nearest(at.tolist(), [wanted[k] for k in at], int(i), wanted[i], KEYS)]
        told = witness.look(View(grey[i], measured[i]), wanted[i], [View(grey[k], wanted[k]) for k in chosen])
        keys = np.zeros((KEYS, *told.keys.shape[1:]), np.float16)
        keys[: len(chosen)] = told.keys
        rows["keys"].append(keys)
        rows["frame"].append(told.frame.astype(np.float16))
        rows["points"].append(wanted[i][:, :2] / SIDE_PX)
        rows["off"].append((clean[i] - wanted[i])[:, :2] / told.unit)
        rows["count"].append(len(chosen))
        rows["severity"].append(moved[i])
        rows["sound"].append(sound[i])
        rows["index"].append(i)
    return {name: np.asarray(values, np.float16 if name in ("keys", "frame") else np.float32) for name, values in rows.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--part", default="0/1", help="which of how many shares of the sequences")
    options = parser.parse_args()
    mine, parts = (int(n) for n in options.part.split("/"))
    cv2.setNumThreads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    tools = Straightener(), Witness(topology.TRIANGLES, shape.load().mean.astype(np.float32))
    known: dict[str, tuple[sequences.Source, NDArray[np.float32]]] = {}
    began = time.monotonic()
    for count, path in enumerate(sorted(options.run.glob("meshes_*.npz"))[mine::parts]):
        out = options.out / f"{path.stem.split('_')[1]}.npz"
        if out.exists():
            continue
        with np.load(path) as row:
            track = json.loads(str(row["about"]))["track"]
        if track not in known:
            with np.load(options.run / "tracks" / f"{track}.npz") as cut:
                matrix = cut["matrix"]
            known[track] = sequences.load(options.run / "tracks" / f"{track}.npz", None), matrix  # pyright: ignore[reportArgumentType]
        rows = looked(path, known[track][0], tools, known[track][1])
        if rows is not None and len(rows["count"]):
            np.savez(out, track=track, **rows)
        if count % 20 == 0:
            print(f"{path.name} {rows is not None}: {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
