"""Make training crops for the smear reader: faces with and without a warp or a smear, all worn as pictures are.

    python scripts/mesh/collect.py DATA MESH_RUN/data ...         # crops, as models/smear.md says
    python scripts/smear/crops.py MESH_RUN/data RUN --shards 0-64 # several processes may make different shards
    python scripts/smear/crops.py MESH_RUN/data RUN --held-out

A shard is RUN/train_NNNN.npz: crops (N, SIDE_PX, SIDE_PX, 3) RGB, severity (N,) of the fault, kind (N,) index of `KINDS`, wear
(N,) of `WEAR`. A face is first brought to a size that faces have in clips, then spoilt by one of the bench's faults, then worn
as `skin.crops` wears it, or partly covered. Clips on which the bench checks the diagnosis are only used with --held-out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

import shards
from facefix.bench.confusers import CONFUSERS
from facefix.bench.faults import VARIANTS
from facefix.diagnose.smear.network import SIDE_PX
from facefix.types import Span
from skin.crops import Maker as Faces
from skin.crops import Picture, fitted, worn

KINDS = ("none", "warp", "warp-smear")
_KINDS = (0.5, 0.22, 0.28)
WEAR = ("none", "blur", "motion", "noise", "jpeg", "light", "make-up", "coarse", "covered", "fault")
_CHANCES = (0.17, 0.1, 0.09, 0.09, 0.12, 0.09, 0.05, 0.05, 0.15, 0.09)
_COVERS = ("hand", "object")
_OTHERS = ("drift", "flicker", "flicker-identity", "waxy", "drift-age")


class Maker(Faces):
    """Draws from one side of the split."""

    def draw(self, seed: int) -> dict[str, ArrayLike]:
        """A crop, how badly it is spoilt, by what, and what else was done to it: one row of a shard."""
        rng = np.random.default_rng([seed, 8])
        picture, where = self.face(rng)
        kind, wear = int(rng.choice(len(KINDS), p=_KINDS)), int(rng.choice(len(WEAR), p=_CHANCES))
        severity = float(rng.uniform(0.25, 0.95)) if kind else 0.0
        if kind:
            picture = spoilt(picture, where, KINDS[kind], severity, seed)
        picture = _worn(picture, where, WEAR[wear], seed, rng)
        return {"crops": fitted(picture, SIDE_PX), "severity": np.float32(severity), "kind": kind, "wear": wear}


def spoilt(picture: Picture, points: NDArray[np.float32], name: str, severity: float, seed: int) -> Picture:
    """As the bench's fault of that name spoils a frame amid its span."""
    return next(iter(VARIANTS[name].inject([picture], points[None], severity, seed, Span(-20, 20))))


def _worn(picture: Picture, points: NDArray[np.float32], kind: str, seed: int, rng: Generator) -> Picture:
    if kind == "covered":
        # What passes by has come a different way in every frame of a span.
        frames = 12
        at = int(rng.integers(frames))
        pictures = CONFUSERS[str(rng.choice(_COVERS))].inject(
            [picture] * (at + 1), np.stack([points] * (at + 1)), seed, Span(0, frames)
        )
        return list(pictures)[at]
    if kind == "fault":
        earlier = [picture, picture]
        name, severity = str(rng.choice(_OTHERS)), float(rng.uniform(0.3, 0.9))
        return list(VARIANTS[name].inject(earlier, np.stack([points, points]), severity, seed, Span(-9, 9)))[1]
    return worn(picture, points, kind, seed, rng)


def main() -> None:
    options = shards.options(__doc__, shards="0-64")
    maker = Maker(options.collected, options.held_out)
    shards.make(options, maker.draw, held_out=6, held_seed=5_000_000, called="crop")


if __name__ == "__main__":
    main()
