"""Make training crops for the skin reader: faces with and without wax, both worn as pictures are.

    python scripts/mesh/collect.py DATA MESH_RUN/data            # crops of everybody, split into trained on and held out
    python scripts/skin/crops.py MESH_RUN/data RUN --shards 0-20 # several processes may make different shards
    python scripts/skin/crops.py MESH_RUN/data RUN --held-out

A shard is RUN/train_NNNN.npz: crops (N, SIDE_PX, SIDE_PX, 3) RGB, severity (N,) of wax, wear (N,) what else was done to them
(an index of `WEAR`). A face is first brought to a size that faces have in clips, then waxed, then worn. Clips on which the
bench checks the diagnosis are only used with --held-out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

import shards
from facefix.bench.clips import part_of
from facefix.bench.confusers import CONFUSERS
from facefix.bench.faults import VARIANTS
from facefix.diagnose.skin.bands import SIDE_PX
from facefix.faces import align
from facefix.types import Span
from mesh import damage

Picture = NDArray[np.uint8]

WAXED, OTHER_WAX = 0.5, 0.25
"""Shares: waxy; of these, not by the bench's own fault."""
CLIP_SHARE = 0.3
WEAR = ("none", "blur", "motion", "noise", "jpeg", "light", "make-up", "coarse", "fault")
_CHANCES = (0.2, 0.12, 0.06, 0.13, 0.15, 0.1, 0.12, 0.06, 0.06)
_FACE_SHARE = 0.52
"""Width of a face as a share of an aligned crop's side."""
_SMALLEST_PX, _LARGEST_PX = 70, 300


class Maker:
    """Draws from one side of the split."""

    def __init__(self, folder: Path, held_out: bool, of_clips: float = CLIP_SHARE) -> None:
        """of_clips: share of the samples that are of clips; skin of generated ones may be waxy by itself."""
        self.of_clips = of_clips
        self.crops = np.load(folder / "crops.npy", mmap_mode="r")
        self.rows = json.loads((folder / "crops.json").read_text())
        mine = [i for i, row in enumerate(self.rows) if self._side(row) == held_out]
        self.clips = [i for i in mine if self.rows[i]["clip"]]
        self.portraits = [i for i in mine if not self.rows[i]["clip"]]

    @staticmethod
    def _side(row: dict) -> bool:
        return row["held_out"] if not row["clip"] else part_of(Path(row["group"] + ".mp4"), Path()) == "held-out"

    def draw(self, seed: int) -> dict[str, ArrayLike]:
        """A crop, how waxy it is, and what else was done to it: one row of a shard."""
        rng = np.random.default_rng([seed, 6])
        picture, where = self.face(rng)
        severity = float(rng.uniform(0.2, 0.95)) if rng.random() < WAXED else 0.0
        if severity:
            picture = waxed(picture, where, severity, seed, rng)
        kind = int(rng.choice(len(WEAR), p=_CHANCES))
        picture = worn(picture, where, WEAR[kind], seed, rng)
        return {"crops": fitted(picture, SIDE_PX), "severity": np.float32(severity), "wear": kind}

    def face(self, rng: Generator) -> tuple[Picture, NDArray[np.float32]]:
        """(S, S, 3) a clean face at a size that faces have in clips, and its five points in it."""
        i = int(rng.choice(self.clips if rng.random() < self.of_clips else self.portraits))
        return sized(self.crops[i], np.array(self.rows[i]["points"], np.float32), face_size(rng), rng)


def face_size(rng: Generator) -> float:
    """Pixels, as faces have in clips."""
    return float(np.exp(rng.uniform(np.log(_SMALLEST_PX), np.log(_LARGEST_PX))))


def sized(picture: Picture, points: NDArray[np.float32], face_px: float, rng: Generator) -> tuple[Picture, NDArray[np.float32]]:
    """(S, S, 3) the face aligned, nearly, at that size, and its five points in it."""
    unit = float(np.linalg.norm(points[1] - points[0]))
    side = round(min(face_px / _FACE_SHARE, 320)) // 2 * 2
    matrix = align.transform(points + rng.normal(0, 0.03 * unit, (5, 2)).astype(np.float32), side)
    cut = np.round(align.crop(picture, matrix, side).pixels * 255).astype(np.uint8)
    return cut, align.apply(matrix, points)


def fitted(picture: Picture, side: int) -> Picture:
    """Brought to a crop of that side, as a clip's faces are."""
    way = cv2.INTER_AREA if picture.shape[0] > side else cv2.INTER_LINEAR
    return cv2.resize(picture, (side, side), interpolation=way)


def waxed(picture: Picture, points: NDArray[np.float32], severity: float, seed: int, rng: Generator) -> Picture:
    """By the bench's fault amid its span, or by a smoother of another kind on the same skin."""
    fault = next(iter(VARIANTS["waxy"].inject([picture], points[None], severity, seed, Span(-20, 20))))
    if rng.random() >= OTHER_WAX:
        return fault
    changed = cv2.GaussianBlur((np.abs(fault.astype(np.float32) - picture).mean(-1) > 0.5).astype(np.float32), (0, 0), 2)
    unit = float(np.linalg.norm(points[1] - points[0]))
    smooth = cv2.bilateralFilter(picture, 0, 25 + 50 * severity, max(1.0, 0.05 * unit))
    mixed = picture + (changed * min(1.0, 1.4 * severity))[..., None] * (smooth.astype(np.float32) - picture)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def worn(picture: Picture, points: NDArray[np.float32], kind: str, seed: int, rng: Generator) -> Picture:
    """What lenses, sensors, encoders, light and make-up do; or a fault of another mode."""
    size = picture.shape[0] / 128
    if kind == "blur":
        return damage.blur(picture, float(rng.uniform(0.3, 1.1)) * size)
    if kind == "motion":
        return damage.motion(picture, float(rng.uniform(1, 5)) * size, float(rng.uniform(0, np.pi)))
    if kind == "noise":
        return damage.noise(picture, float(rng.uniform(1, 8)), rng)
    if kind == "jpeg":
        return damage.jpeg(picture, int(np.exp(rng.uniform(np.log(12), np.log(70)))))
    if kind == "light":
        return damage.light(picture, rng)
    if kind == "make-up":
        return next(iter(CONFUSERS["make-up"].inject([picture], points[None], seed, Span(0, 1))))
    if kind == "coarse":
        return damage.coarse(picture, float(rng.uniform(1.2, 2.5)))
    if kind == "fault":
        name = str(rng.choice(["warp", "drift", "flicker", "flicker-identity"]))
        earlier = [picture, picture]
        return list(
            VARIANTS[name].inject(earlier, np.stack([points, points]), float(rng.uniform(0.3, 0.9)), seed, Span(-9, 9))
        )[1]
    return picture


def main() -> None:
    line = shards.parser(__doc__, shards="0-20")
    line.add_argument("--of-clips", type=float, default=CLIP_SHARE, help="share of the samples that are of clips")
    options = line.parse_args()
    maker = Maker(options.collected, options.held_out, options.of_clips)
    shards.make(options, maker.draw, held_out=4, held_seed=5_000_000, called="crop")


if __name__ == "__main__":
    main()
