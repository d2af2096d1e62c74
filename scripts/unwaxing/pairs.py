"""Make training pairs for the unwaxing restorer: faces with wax and the same without, both worn alike.

    python scripts/mesh/collect.py DATA MESH_RUN/data               # crops of everybody, split into trained on and held out
    python scripts/unwaxing/pairs.py MESH_RUN/data RUN --shards 0-16
    python scripts/unwaxing/pairs.py MESH_RUN/data RUN --held-out

A shard is RUN/train_NNNN.npz: waxy and clean (N, SIDE_PX, SIDE_PX, 3) RGB, severity (N,).
The wax is that of the skin reader's recipe (`scripts/skin/crops.py`), so is the split.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from facefix.repair.restorers.unwaxing.network import SIDE_PX
from skin.crops import Maker, Picture, fitted, waxed, worn

SHARD = 256
SOUND = 0.15
"""Share of the pairs without wax: nothing is to be done."""
WEAR, CHANCES = ("none", "blur", "noise", "jpeg", "light"), (0.5, 0.12, 0.12, 0.16, 0.1)
_SEVERITIES = (0.15, 0.95)


def pair(maker: Maker, seed: int) -> tuple[Picture, Picture, float]:
    rng = np.random.default_rng([seed, 61])
    clean, points = maker.face(rng)
    severity = float(rng.uniform(*_SEVERITIES)) if rng.random() >= SOUND else 0.0
    waxy = waxed(clean, points, severity, seed, rng) if severity else clean
    kind = str(rng.choice(WEAR, p=CHANCES))
    # The same wear on both, noise and all: only wax is to be taken off.
    both = [worn(picture, points, kind, seed, np.random.default_rng([seed, 62])) for picture in (waxy, clean)]
    return fitted(both[0], SIDE_PX), fitted(both[1], SIDE_PX), severity


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collected", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--shards", default="0-16", help="first-last, exclusive")
    parser.add_argument("--held-out", action="store_true")
    options = parser.parse_args()
    options.run.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    maker = Maker(options.collected, options.held_out)
    first, last = (0, 1) if options.held_out else (int(part) for part in options.shards.split("-"))
    for number in range(first, last):
        path = options.run / f"{'held' if options.held_out else 'train'}_{number:04}.npz"
        if path.exists():
            continue
        began = time.monotonic()
        drawn = [pair(maker, 7_000_000 * options.held_out + number * SHARD + k) for k in range(SHARD)]
        waxy, clean, severity = zip(*drawn, strict=True)
        np.savez(path, waxy=np.stack(waxy), clean=np.stack(clean), severity=np.array(severity, np.float32))
        print(f"{path.name}: {(time.monotonic() - began) / SHARD:.3f} s a pair", flush=True)


if __name__ == "__main__":
    main()
