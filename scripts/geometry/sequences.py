"""Inject faults into cut-out tracks and measure the mesh of every frame: training data of the geometry reader.

    python scripts/geometry/sequences.py RUN --count 400 [--first 0] [--held-out] [--kinds warp-smear,collapsed]

Reads RUN/tracks (see `tracks.py`), writes RUN/meshes_NNNNN.npz, one sequence each: meshes (T, 478, 3) in crop pixels, the
confidence of every point, the severity of each of `LABELS` in every frame, and the largest of any fault that moves features.
Clips on which the bench checks the diagnosis (its held-out half) are only used with --held-out, which makes the set that
training is watched on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from facefix.bench.clips import part_of
from facefix.bench.confusers import CONFUSERS
from facefix.bench.faults import VARIANTS
from facefix.faces.mesh.mesher import Mesher
from facefix.faces.mesh.movement import MODES
from facefix.types import Span
from geometry import bends

LABELS = ("warp", "drift", "flicker")
OWN = "own-warp"
SHARES = {
    "warp": 0.27, "warp-smear": 0.12, OWN: 0.10, "drift": 0.16, "drift-step": 0.09, "drift-hairline": 0.03,
    "drift-age": 0.03, "flicker": 0.05, "flicker-identity": 0.07, "flicker-brightness": 0.03, "waxy": 0.05,
}  # fmt: skip
SOUND, DISTURBED = 0.22, 0.3
"""Shares: no fault at all; something that is none happens."""
LONGEST = 110
_TEMPORARY = [name for name, confuser in CONFUSERS.items() if not confuser.whole]
_ALWAYS = ["compression-all", "grain"]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One track, clean."""

    name: str
    crops: NDArray[np.uint8]
    points: NDArray[np.float32]
    pose: NDArray[np.float32]
    fps: float
    meshes: NDArray[np.float32]
    confidence: NDArray[np.float32]


def measure(mesher: Mesher, crops: NDArray[np.uint8], points: NDArray[np.float32]) -> tuple[NDArray, NDArray]:
    """(T, 478, 3) crop pixels, (T, 478)."""
    found = mesher.meshes(list(crops), points)
    return found.points, found.confidence


def load(path: Path, mesher: Mesher) -> Source:
    """A track and its clean meshes, which are kept in RUN/clean."""
    with np.load(path) as row:
        crops, points, pose, fps = row["crops"], row["points"], row["pose"], float(row["fps"])
    kept = path.parents[1] / "clean" / path.name
    if not kept.exists():
        meshes, confidence = measure(mesher, crops, points)
        kept.parent.mkdir(exist_ok=True)
        np.savez(kept, meshes=meshes, confidence=confidence, fps=fps)
    with np.load(kept) as row:
        return Source(path.stem, crops, points, pose, fps, row["meshes"], row["confidence"])


def real(track: str) -> bool:
    """Whether a track's clip was filmed: the others are generated."""
    return track.startswith(("latentsync", "liveportrait", "speech", "videoretalking"))


def mine(path: Path, held_out: bool) -> bool:
    """Whether a track is on this side of the split: generated clips are never held out."""
    if not real(path.stem):
        return not held_out
    return part_of(Path(path.stem.rsplit("__", 1)[0] + ".mp4"), Path()) == ("held-out" if held_out else "fit")


def sequence(source: Source, seed: int, mesher: Mesher, shares: dict[str, float] = SHARES, sound: float = SOUND) -> dict:
    """A stretch of the track, with or without faults; shares: how often which; sound: how often none."""
    rng = np.random.default_rng([seed, 3])
    length = min(len(source.crops), int(rng.integers(60, LONGEST + 1)))
    first = int(rng.integers(0, len(source.crops) - length + 1))
    part = slice(first, first + length)
    crops, points = list(source.crops[part]), source.points[part]
    labels, faults = {name: np.zeros(length, np.float32) for name in (*LABELS, *MODES)}, []
    if rng.random() >= sound:
        for number in range(1 if rng.random() < 0.6 else 2):
            kind = str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
            severity = float(rng.uniform(0.25, 0.95))
            mode = "warp" if kind == OWN else VARIANTS[kind].mode
            span = place(mode, kind, source.pose[part], source.fps, rng)
            crops, curve = inject(kind, crops, points, source.meshes[part], severity, seed + 77 * number, span)
            if mode in labels:
                labels[mode] = np.maximum(labels[mode], curve)
            faults.append({"kind": kind, "severity": severity, "start": span.start, "end": span.end})
    if rng.random() < DISTURBED:
        name = str(rng.choice(_TEMPORARY if rng.random() < 0.8 else _ALWAYS))
        long = min(length, round(rng.uniform(0.4, 2.0) * source.fps))
        start = int(rng.integers(0, length - long + 1))
        span = Span(0, length) if name in _ALWAYS else Span(start, start + long)
        crops = list(CONFUSERS[name].inject(crops, points, seed, span))
        faults.append({"kind": name, "severity": 0, "start": span.start, "end": span.end})
    meshes, confidence = source.meshes[part].copy(), source.confidence[part].copy()
    changed = np.array([i for i in range(length) if not np.array_equal(crops[i], source.crops[first + i])])
    if len(changed):
        unit = float(np.linalg.norm(points[:, 1] - points[:, 0], axis=-1).mean())
        jittered = points[changed] + rng.normal(0, 0.015 * unit, (len(changed), 5, 2)).astype(np.float32)
        meshes[changed], confidence[changed] = measure(mesher, np.stack([crops[i] for i in changed]), jittered)
    return {"meshes": meshes.astype(np.float32), "confidence": confidence.astype(np.float16), "fps": source.fps,
            **{name: labels[name] for name in LABELS}, "moved": np.max([labels[name] for name in MODES], 0),
            "about": json.dumps({"track": source.name, "first": first, "faults": faults})}  # fmt: skip


def seen(source: Source, first: int, meshes: NDArray[np.float32], changed: NDArray[np.uint8]) -> list[NDArray[np.uint8]] | None:
    """All crops of a sequence from that frame of the track on, of its meshes and the crops that were measured for them; None
    where these do not fit each other: what changed is measured anew, whether its mesh moved or not."""
    part = slice(first, first + len(meshes))
    moved = np.flatnonzero(np.abs(meshes - source.meshes[part]).max((1, 2)) > 0)
    if len(moved) != len(changed):
        return None
    crops = list(source.crops[part])
    for i, crop in zip(moved, changed, strict=True):
        crops[i] = crop
    return crops


def place(mode: str, kind: str, pose: NDArray[np.float32], fps: float, rng: Generator) -> Span:
    """Where a fault lies, as the bench would have it."""
    length = len(pose)
    if mode == "drift":
        before, after = (0.5, 1.0) if kind == "drift-step" else (0.2, 2.0)
        first, last = round(before * fps), length - round(after * fps)
        return Span(int(rng.integers(first, last + 1)) if last >= first else 0, length)
    if mode == "warp":
        long = min(int(rng.integers(4, 31)), length)
        starts = rng.integers(0, length - long + 1, 3)
        speed = np.abs(np.diff(pose, axis=0)).sum(1)
        return max((Span(int(s), int(s) + long) for s in starts), key=lambda s: speed[s.start : s.end].mean())
    long = min(length, max(4, round(rng.uniform(0.5, 2.0) * fps)))
    start = int(rng.integers(0, length - long + 1))
    return Span(start, start + long)


def inject(
    kind: str, crops: list, points: NDArray[np.float32], meshes: NDArray[np.float32], severity: float, seed: int, span: Span
) -> tuple[list, NDArray[np.float32]]:
    """The crops with a fault, and its severity in every frame (T,)."""
    variant = VARIANTS["warp" if kind == OWN else kind]
    curve = np.zeros(len(crops), np.float32)
    curve[span.start : span.end] = severity * variant.envelope(span)
    if kind != OWN:
        return list(variant.inject(crops, points, severity, seed, span)), curve
    out = list(crops)
    for i in range(span.start, span.end):
        out[i] = bends.warp(crops[i], meshes[i], float(curve[i]), np.random.default_rng([seed, 8]))
    return out, curve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--kinds", help="these faults alone, comma-separated, each as often as any other")
    options = parser.parse_args()
    shares = dict.fromkeys(options.kinds.split(","), 1.0) if options.kinds else SHARES
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    mesher, known, began = Mesher("cpu"), {}, time.monotonic()
    for number in range(options.first, options.first + options.count):
        if time.monotonic() - began > 60 * options.minutes:
            break
        out = options.run / f"{'held' if options.held_out else 'meshes'}_{number:05}.npz"
        if out.exists():
            continue
        paths = [path for path in sorted((options.run / "tracks").glob("*.npz")) if mine(path, options.held_out)]
        rng = np.random.default_rng([number, 31 + options.held_out])
        path = paths[int(rng.integers(len(paths)))]
        if path not in known:
            known[path] = load(path, mesher)
        np.savez(out, **sequence(known[path], 1000 * number + options.held_out, mesher, shares))
        if number % 20 == 0:
            print(f"{out.name}: {(time.monotonic() - began):.0f} s", flush=True)


if __name__ == "__main__":
    main()
