"""Make training pairs for the anchored restorer as renders have them: what a cure hands it, and the truth.

    python scripts/restorer/rendered.py RUN FOLDER [FOLDER ...] --cases 0-80  # several processes may make different cases
    python scripts/restorer/rendered.py RUN FOLDER ... --held                # and what training is watched on

A fault is injected into a few seconds of a clip, and the clip repaired as the bench does it when it is told; wherever a cure
asks the restorer, what it would be given is kept: the crop with its features moved, or fused, by meshes that were straightened
and held against the picture, and the anchors that were chosen. So what damage really leaves is learned, not what is thought to
be left. Of folders named `real_clips` the fitted half counts alone; every eighth clip is held out. Frames that lie far from
their anchors in identity are left out: generated people change.

Written are RUN/train_NNNN.npy and RUN/held.npy, structured arrays of `pairs.PAIR` with a frame each, in the order of frames.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from facefix.bench.cases import Case, Dose
from facefix.bench.faults import VARIANTS
from facefix.errors import FacefixError
from facefix.faces import identity
from facefix.faces.mesh import framing
from facefix.media import colour, decode, probe
from facefix.pipeline import treating, trial
from facefix.pipeline.preparing import crop_of
from facefix.repair.cures import Sight, Treated
from facefix.repair.cures.rebuilding import RebuildingCure, laid
from facefix.types import Placed
from restorer.pairs import MODES, PAIR, WORST, save
from restorer.people import SIDE_PX, STRANGE
from told import listed, told

SHARES = {
    "warp": 0.20, "warp-smear": 0.15, "collapsed": 0.10, "drift": 0.10, "drift-age": 0.06, "drift-step": 0.05,
    "drift-hairline": 0.04, "flicker": 0.14, "flicker-identity": 0.10, "flicker-brightness": 0.06,
}  # fmt: skip
"""Variants of the bench's faults whose cures ask the restorer."""
MILDEST, HELD_SEVERITY = 0.3, 0.6
SECONDS = 4.0
LEAST_PX = 90
"""Smaller faces show nothing that could be copied."""
MOST = 48
"""Frames kept of a case, in a row."""
LOOKED_AT_EVERY = 8
"""Frames, by the identity network."""
HELD_EVERY, HELD_FRAMES = 8, 8


def mode_of(variant: str) -> str:
    """Its name in `pairs.MODES`."""
    return variant if variant in MODES else VARIANTS[variant].mode


@contextmanager
def overheard() -> Iterator[dict[int, tuple[Sight, list[Placed]]]]:
    """Frame -> what the restorer would be given; it is not asked, and nothing is fused afterwards."""
    heard: dict[int, tuple[Sight, list[Placed]]] = {}
    usual = RebuildingCure.push, RebuildingCure.flush

    def push(self: RebuildingCure, sight: Sight, wanted: bool = True) -> list[Treated]:
        del wanted
        heard[sight.frame] = sight, laid(self.patient, sight)
        return [(sight.frame, sight.pixels)]

    RebuildingCure.push, RebuildingCure.flush = push, lambda self: []  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield heard
    finally:
        RebuildingCure.push, RebuildingCure.flush = usual


class Maker:
    """Repairs cases and keeps what the restorer would have been given."""

    def __init__(self, folders: list[Path], cache: Path) -> None:
        every = listed(folders)
        self.held = every[::HELD_EVERY]
        self.clips = [clip for clip in every if clip not in self.held]
        self.cache = cache
        self.judge = identity.Identity()

    def drawn(self, number: int, seed: int) -> Case:
        """The clips take turns, in an order that is another in each round."""
        rng = np.random.default_rng([seed, number])
        turn, place = divmod(number, len(self.clips))
        clip = self.clips[int(np.random.default_rng([seed, 7, turn]).permutation(len(self.clips))[place])]
        variant = str(rng.choice(list(SHARES), p=np.array(list(SHARES.values())) / sum(SHARES.values())))
        severity = float(rng.uniform(MILDEST, WORST.get(variant, 0.9)))
        return Case("single", "fit", clip, 100_000 * seed + number, (Dose(variant, severity),))

    def pairs(self, case: Case) -> NDArray:
        """(N,) of `PAIR`, maybe none."""
        with told(case, SECONDS, LEAST_PX, self.cache) as one:
            if one is None:
                return np.zeros(0, PAIR)
            info = probe.probe(one.spoilt)
            prepared = treating.prepare(one.plan, info, one.settings)
            if not prepared.repairs:
                return np.zeros(0, PAIR)
            repair = prepared.repairs[0]
            with overheard() as heard:
                for _ in treating.treated(decode.Decoder(info), info, [repair]):
                    pass
            return self._kept(case, repair, heard, one.sound)

    def _kept(self, case: Case, repair: treating.TrackRepair, heard: dict, sound: Path) -> NDArray:
        track, side, dose = repair.case.track, repair.case.side, case.doses[0]
        frames = sorted(heard)
        frames = set(frames[max(0, (len(frames) - MOST) // 2) :][:MOST])
        if not repair.known.anchors:
            return np.zeros(0, PAIR)
        best = trial.embedded(self.judge, repair.known.anchors[:3])
        made, strange = [], True
        info = probe.probe(sound)
        for frame in decode.Decoder(info):
            if frame.index not in frames:
                continue
            sight, placed = heard[frame.index]
            truth = crop_of(colour.to_rgb(frame, info), track.points[frame.index - track.span.start], side, frame.index).pixels
            if frame.index % LOOKED_AT_EVERY == 0 or not made:
                strange = self._strange(Sight(frame.index, truth, sight.mesh), best)
            if strange:
                continue
            out = np.zeros((), PAIR)
            out["truth"], out["damaged"] = _bytes(truth), _bytes(sight.pixels)
            for k, one in enumerate(placed):
                out["anchors"][k], out["coverage"][k] = _bytes(one.pixels), _bytes(one.coverage)
            out["mode"], out["severity"] = MODES.index(mode_of(dose.variant)), dose.severity
            out["source"], out["clip"] = frame.index, True
            made.append(out[()])
        return np.array(made, PAIR)

    def _strange(self, truth: Sight, best: NDArray[np.float32]) -> bool:
        chip = identity.chip(truth.pixels, framing.five_points(truth.mesh))
        return float(np.linalg.norm(self.judge.embed(chip[None]) - best, axis=1).min()) > STRANGE + 0.1


def _bytes(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    small = cv2.resize(picture, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.clip(np.rint(small * 255), 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--cases", default="0-80", help="first-last, exclusive")
    parser.add_argument("--held", action="store_true", help="make held.npy: every variant on held-out clips")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.run.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    trial.refused = lambda *_: []  # What would be refused is to be learned from, too.
    maker = Maker(options.folders, options.run / "cache")
    if options.held:
        make_held(maker, options.run / "held.npy", options.seed)
        return
    first, last = (int(part) for part in options.cases.split("-"))
    for number in range(first, last):
        path = options.run / f"train_{number:04}.npy"
        if path.exists():
            continue
        case, began = maker.drawn(number, options.seed), time.monotonic()
        made = attempted(maker, case)
        if len(made):
            save(path, made)
        print(f"{path.name}: {case.name}, {len(made)} pairs, {time.monotonic() - began:.0f} s", flush=True)


def attempted(maker: Maker, case: Case) -> NDArray:
    try:
        return maker.pairs(case)
    except FacefixError as error:
        print(f"{case.name}: {error}", flush=True)
        return np.zeros(0, PAIR)


def make_held(maker: Maker, path: Path, seed: int) -> None:
    """Every variant in turn on the held-out clips, a few frames each."""
    made = []
    for k, variant in enumerate(SHARES):
        case = Case("single", "fit", maker.held[k % len(maker.held)], 900_000 + k + seed, (Dose(variant, HELD_SEVERITY),))
        pairs = attempted(maker, case)
        made.append(pairs[np.unique(np.linspace(0, len(pairs) - 1, HELD_FRAMES).round().astype(int))] if len(pairs) else pairs)
        print(f"{case.name}: {len(pairs)} pairs", flush=True)
    np.save(path, np.concatenate(made))


if __name__ == "__main__":
    main()
