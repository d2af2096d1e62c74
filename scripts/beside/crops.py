"""Make training crops for the readers of faces beside others: faces with and without a warp or a drift, and other pictures of
the same people.

    python scripts/mesh/collect.py DATA MESH_RUN/data ...         # crops, as models/smear.md says
    python scripts/geometry/sequences.py RUN/geometry ...         # leaves tracks of faces in motion and their clean meshes
    python scripts/beside/crops.py MESH_RUN/data RUN --mode warp --shards 0-64 --faces RUN/geometry   # others, others' shards
    python scripts/beside/crops.py MESH_RUN/data RUN --mode warp --held-out --faces RUN/geometry

A shard is RUN/train_NNNN.npz: crops (N, SIDE_PX, SIDE_PX, 3) RGB, others (N, OTHERS, SIDE_PX, SIDE_PX, 3) the same people,
sound, severity (N,) of the fault, kind (N,) index of `KINDS`, wear (N,) of `WEAR`. A face is brought to a size that faces have
in clips, makes another face and looks another way, is spoilt by one of the bench's faults, then worn as `skin.crops` wears it,
or partly covered. The others are other frames of its clip, the person's other portrait, or the same picture posed otherwise.
Clips on which the bench checks the diagnosis are only used with --held-out.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

import shards
from beside.faces import expressions, posed
from facefix.bench.confusers import CONFUSERS
from facefix.bench.faults import VARIANTS
from facefix.diagnose.beside.network import SIDE_PX
from facefix.faces.mesh.mesher import Mesher
from facefix.types import Span
from skin.crops import Maker as Faces
from skin.crops import Picture, face_size, fitted, sized, worn

KINDS = {"warp": ("none", "warp", "warp-smear"), "drift": ("none", "drift", "drift-age", "drift-hairline")}
_KINDS = {"warp": (0.5, 0.28, 0.22), "drift": (0.5, 0.3, 0.1, 0.1)}
_SPANS = {"warp": Span(-20, 20), "drift": Span(-90, 1)}
"""Of a fault, counted from the frame that is cut out: amid it, or at its end."""
OTHERS = 2
WEAR = ("none", "blur", "motion", "noise", "jpeg", "light", "make-up", "coarse", "covered", "fault")
_CHANCES = (0.17, 0.1, 0.09, 0.09, 0.12, 0.09, 0.05, 0.05, 0.15, 0.09)
_LASTING = ("blur", "noise", "jpeg", "make-up", "coarse")
"""Wear that most often all of a clip has."""
_LASTS = 0.7
_SLIGHT = ("none", "none", "blur", "noise", "jpeg", "light", "motion")
"""What the others are worn by, where it is not what all of the clip has."""
_COVERS = ("hand", "object")
_EXPRESSED, _TURNED = 0.6, 0.6
"""Of the faces, that make another face than in their picture, or look another way."""
_BLINKS, _WINKS = 0.12, 0.18
_FURTHEST = 24.0
_SPREAD = (8.0, 5.0)
"""Of yaw and pitch, degrees."""
_SPOILT_ELSEWHERE = {
    "warp": ("drift", "flicker", "flicker-identity", "waxy", "drift-age"),
    "drift": ("warp", "warp-smear", "flicker-identity", "waxy"),
}
_CLIPS = {"warp": 0.3, "drift": 0.12}
"""Share of the samples that are of clips: people in generated ones drift by themselves."""
_APART = 4
"""Rows of a clip between a frame and the others."""
_SEED = 9

Row = tuple[Picture, NDArray[np.float32]]


class Maker(Faces):
    """Draws from one side of the split."""

    def __init__(self, folder: Path, held_out: bool, faces: Path, mode: str, of_clips: float | None = None) -> None:
        super().__init__(folder, held_out)
        self.mode, self.of_clips = mode, _CLIPS[mode] if of_clips is None else of_clips
        self.expressions, self.mesher = expressions(faces), Mesher("cpu")
        self.same = defaultdict(list)
        for i in (*self.clips, *self.portraits):
            self.same[self.rows[i]["group"]].append(i)

    def draw(self, seed: int) -> dict[str, ArrayLike]:
        """A crop, the others, how badly it is spoilt, by what, and what else was done to it: one row of a shard."""
        rng = np.random.default_rng([seed, _SEED])
        i, px = int(rng.choice(self.clips if rng.random() < self.of_clips else self.portraits)), face_size(rng)
        picture, where = self.pose(i, px, rng)
        kinds = KINDS[self.mode]
        kind, wear = int(rng.choice(len(kinds), p=_KINDS[self.mode])), int(rng.choice(len(WEAR), p=_CHANCES))
        severity = float(rng.uniform(0.25, 0.95)) if kind else 0.0
        if kind:
            picture = spoilt(picture, where, kinds[kind], severity, seed, _SPANS[self.mode])
        picture = self.wear(picture, where, WEAR[wear], seed, rng)
        lasting = WEAR[wear] in _LASTING and rng.random() < _LASTS
        others = []
        for k in range(OTHERS):
            other, at = self.pose(self.other(i, rng), px * float(rng.uniform(0.8, 1.25)), rng)
            how = WEAR[wear] if lasting else str(rng.choice(_SLIGHT))
            others.append(fitted(worn(other, at, how, seed + 7 * k + 1, rng), SIDE_PX))
        row = {"severity": np.float32(severity), "kind": kind, "wear": wear, "clip": self.rows[i]["clip"]}
        return {"crops": fitted(picture, SIDE_PX), "others": np.stack(others), **row}

    def other(self, i: int, rng: Generator) -> int:
        """Another picture of the same person, or the same one where there is none."""
        far = [k for k in self.same[self.rows[i]["group"]] if abs(k - i) >= _APART or not self.rows[i]["clip"]]
        return int(rng.choice(far)) if far else i

    def pose(self, i: int, face_px: float, rng: Generator) -> Row:
        """A clean face, as it is or another way, at that size, and its five points in it."""
        picture, points = self.crops[i], np.array(self.rows[i]["points"], np.float32)
        shut = lids(rng)
        made = self.expressions.draw(rng, shut) if rng.random() < _EXPRESSED else None
        turned = np.clip(rng.normal(0, _SPREAD), -_FURTHEST, _FURTHEST) if rng.random() < _TURNED else (0.0, 0.0)
        if made is not None or any(turned) or any(shut):
            picture, points = posed(picture, points, made, (float(turned[0]), float(turned[1])), shut, self.mesher)
        return sized(picture, points, face_px, rng)

    def wear(self, picture: Picture, points: NDArray[np.float32], kind: str, seed: int, rng: Generator) -> Picture:
        """With what else is done to it."""
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
            name, severity = str(rng.choice(_SPOILT_ELSEWHERE[self.mode])), float(rng.uniform(0.3, 0.9))
            return list(VARIANTS[name].inject(earlier, np.stack([points, points]), severity, seed, Span(-9, 9)))[1]
        return worn(picture, points, kind, seed, rng)


def lids(rng: Generator) -> tuple[float, float]:
    """How far each eye is shut: most are as they were, some blink, some wink."""
    how, far = rng.random(), float(rng.uniform(0.4, 1))
    if how < _BLINKS:
        return far, far
    if how < _BLINKS + _WINKS:
        return (far, 0.0) if rng.random() < 0.5 else (0.0, far)
    return 0.0, 0.0


def spoilt(picture: Picture, points: NDArray[np.float32], name: str, severity: float, seed: int, span: Span) -> Picture:
    """As the bench's fault of that name spoils the first frame of a clip."""
    return next(iter(VARIANTS[name].inject([picture], points[None], severity, seed, span)))


def main() -> None:
    line = shards.parser(__doc__, shards="0-64")
    line.add_argument("--mode", choices=list(KINDS), default="warp", help="what they are spoilt by")
    line.add_argument("--of-clips", type=float, help="share of the samples that are of clips")
    line.add_argument("--faces", type=Path, required=True, help="tracks of sound faces in motion, and their meshes")
    options = line.parse_args()
    torch.set_num_threads(1)
    maker = Maker(options.collected, options.held_out, options.faces, options.mode, options.of_clips)
    shards.make(options, maker.draw, held_out=6, held_seed=5_000_000, called="crop")


if __name__ == "__main__":
    main()
