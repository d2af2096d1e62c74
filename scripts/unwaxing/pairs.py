"""Make training pairs for the unwaxing restorer: faces that are waxy, soft or compressed, and the same without.

    python scripts/mesh/collect.py DATA MESH_RUN/data               # crops of everybody, split into trained on and held out
    python scripts/unwaxing/pairs.py MESH_RUN/data RUN --shards 0-16
    python scripts/unwaxing/pairs.py MESH_RUN/data RUN --held-out

A shard is RUN/train_NNNN.npz: waxy and clean (N, SIDE_PX, SIDE_PX, 3) RGB, severity (N,) of wax, wear (N,) what else was done
(an index of `WEAR`), size (N,) of the crop in its picture, px. Wax, blur and compression are to be taken off; light and noise
both have alike. The wax is that of the skin reader's recipe (`scripts/skin/crops.py`), so is the split.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import av
import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

sys.path.insert(0, str(Path(__file__).parents[1]))

import shards
from facefix.repair.restorers.unwaxing.network import SIDE_PX
from skin.crops import Maker, Picture, fitted, waxed, worn

SOUND = 0.3
"""Share of the pairs without wax; where they are not worn either, nothing is to be done."""
ALIKE = "none", "noise", "light"
"""Worn by both of a pair."""
WEAR = (*ALIKE, "blur", "jpeg", "video", "blur and video")
"""The others are to be taken off."""
_CHANCES = (0.3, 0.12, 0.1, 0.16, 0.1, 0.1, 0.12)
_SEVERITIES = (0.15, 0.95)
_CRF = 20, 38


def pair(maker: Maker, kinds: Sequence[str], seed: int) -> dict[str, ArrayLike]:
    """A face as it is found and as it should be, and how: one row of a shard. kinds: of `WEAR`, that it may be."""
    rng = np.random.default_rng([seed, 61])
    clean, points = maker.face(rng)
    severity = float(rng.uniform(*_SEVERITIES)) if rng.random() >= SOUND else 0.0
    waxy = waxed(clean, points, severity, seed, rng) if severity else clean
    chances = np.array([chance * (kind in kinds) for kind, chance in zip(WEAR, _CHANCES, strict=True)])
    wear = int(rng.choice(len(WEAR), p=chances / chances.sum()))
    if WEAR[wear] in ALIKE:
        # Noise and all.
        alike = [worn(picture, points, WEAR[wear], seed, np.random.default_rng([seed, 62])) for picture in (waxy, clean)]
        waxy, clean = alike
    else:
        if "blur" in WEAR[wear]:
            waxy = worn(waxy, points, "blur", seed, rng)
        if WEAR[wear] == "jpeg":
            waxy = worn(waxy, points, "jpeg", seed, rng)
        if "video" in WEAR[wear]:
            waxy = encoded(waxy, rng)
    size, (waxy, clean) = len(clean), (fitted(picture, SIDE_PX) for picture in (waxy, clean))
    return {"waxy": waxy, "clean": clean, "severity": np.float32(severity), "wear": wear, "size": size}


def encoded(picture: Picture, rng: Generator) -> Picture:
    """As H.264 leaves a frame that others do not help with."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("libx264", 25, {"crf": f"{rng.uniform(*_CRF):.1f}", "preset": "veryfast", "threads": "1"})
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        for packet in [*stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")), *stream.encode()]:
            container.mux(packet)
    file.seek(0)
    with av.open(file) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def main() -> None:
    line = shards.parser(__doc__, shards="0-56")
    line.add_argument("--wear", nargs="+", choices=WEAR, default=WEAR, help="kinds that faces may be worn by")
    options = line.parse_args()
    maker = Maker(options.collected, options.held_out)
    shards.make(options, partial(pair, maker, options.wear), held_out=2, held_seed=7_000_000, called="pair")


if __name__ == "__main__":
    main()
