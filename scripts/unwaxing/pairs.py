"""Make training pairs for the unwaxing restorer: faces with wax and the same without, both worn alike.

    python scripts/mesh/collect.py DATA MESH_RUN/data               # crops of everybody, split into trained on and held out
    python scripts/unwaxing/pairs.py MESH_RUN/data RUN --shards 0-16
    python scripts/unwaxing/pairs.py MESH_RUN/data RUN --held-out

A shard is RUN/train_NNNN.npz: waxy and clean (N, SIDE_PX, SIDE_PX, 3) RGB, severity (N,).
The wax is that of the skin reader's recipe (`scripts/skin/crops.py`), so is the split.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

sys.path.insert(0, str(Path(__file__).parents[1]))

import shards
from facefix.repair.restorers.unwaxing.network import SIDE_PX
from skin.crops import Maker, fitted, waxed, worn

SOUND = 0.15
"""Share of the pairs without wax: nothing is to be done."""
WEAR, CHANCES = ("none", "blur", "noise", "jpeg", "light"), (0.5, 0.12, 0.12, 0.16, 0.1)
_SEVERITIES = (0.15, 0.95)


def pair(maker: Maker, seed: int) -> dict[str, ArrayLike]:
    """A face with wax and without, and how much: one row of a shard."""
    rng = np.random.default_rng([seed, 61])
    clean, points = maker.face(rng)
    severity = float(rng.uniform(*_SEVERITIES)) if rng.random() >= SOUND else 0.0
    waxy = waxed(clean, points, severity, seed, rng) if severity else clean
    kind = str(rng.choice(WEAR, p=CHANCES))
    # The same wear on both, noise and all: only wax is to be taken off.
    both = [worn(picture, points, kind, seed, np.random.default_rng([seed, 62])) for picture in (waxy, clean)]
    waxy, clean = (fitted(picture, SIDE_PX) for picture in both)
    return {"waxy": waxy, "clean": clean, "severity": np.float32(severity)}


def main() -> None:
    options = shards.options(__doc__, shards="0-16")
    maker = Maker(options.collected, options.held_out)
    shards.make(options, partial(pair, maker), held_out=1, held_seed=7_000_000, called="pair")


if __name__ == "__main__":
    main()
