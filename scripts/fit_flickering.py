"""Fit how far each part of a face that flickers is averaged: the constants of `facefix.repair.flickering`.

    python scripts/fit_flickering.py RUN FOLDER [FOLDER ...] --cases 0-60  # several processes may look at different cases
    python scripts/fit_flickering.py RUN --fit

A flicker is injected into a few seconds of a clip, and the clip prepared for its repair as the bench does it when it is told.
Written to RUN/NNNN.json are what tells how far the face flickers (`flickering.Evidence`), and, the truth known, which share of
what averaging changes comes nearest to it, part by part. Of folders named `real_clips` the fitted half counts alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import least_squares

sys.path.insert(0, str(Path(__file__).parent))

from facefix.bench.cases import Case, Dose
from facefix.errors import FacefixError
from facefix.media import colour, decode, probe
from facefix.pipeline import flickering as looking
from facefix.pipeline import treating, trial
from facefix.pipeline.preparing import Known, small_grey
from facefix.plan import PlannedTrack, Treatment, unsound_in
from facefix.repair.calming import DARK, GAIN, Parts
from facefix.repair.cures import Patient
from facefix.repair.flickering import ALL, Evidence, Flickers, Part, shares
from facefix.repair.scaling import resized
from facefix.types import Span
from told import listed, told

KINDS = {"flicker": 0.4, "flicker-identity": 0.3, "flicker-brightness": 0.3}
SECONDS, LEAST_PX = 4.0, 60
LEAST = 0.1
"""Share below which errors weigh no more."""
EVERY = 2
"""Frames whose truth is looked at."""
NAMES = "light", "middle", "fine"


class Overheard:
    """In the place of `treating.flickers`: keeps what it is given."""

    def __init__(self) -> None:
        self.face: looking.Unrolling | None = None

    def __call__(
        self, patient: Patient, known: Known, track: PlannedTrack, treatments: Sequence[Treatment]
    ) -> dict[int, Flickers]:
        self.face, self.sound = looking.Unrolling(patient, known, track), ~unsound_in(known.span, track, treatments)
        return dict.fromkeys(range(known.span.start, known.span.end), ALL)


def looked(case: Case, cache: Path) -> dict | None:
    """What is to be kept of a case."""
    with told(case, SECONDS, LEAST_PX, cache) as one:
        if one is None or not one.plan.treatments:
            return None
        heard, span = Overheard(), one.plan.treatments[0].span
        treating.flickers = heard
        treating.prepare(one.plan, probe.probe(one.spoilt), one.settings)
        if heard.face is None or (evidence := looking.looked(heard.face, span, heard.sound)) is None:
            return None
        nearest = best(heard.face, span, one.sound)
    return {"name": case.name, "changed": evidence.changed.tolist(), "sound": evidence.sound.tolist(),
            "moved": evidence.moved, "best": nearest}  # fmt: skip


def best(face: looking.Unrolling, span: Span, sound: Path) -> list[float]:
    """The share of each part's change that comes nearest to the truth."""
    known, radius, info = face.known, face.radius, probe.probe(sound)
    first, last = max(known.span.start, span.start - radius), min(known.span.end, span.end + radius)
    frames = [f for f in range(first, last) if f in known.greys]
    mixer = face.mixer()
    parts = face.parts(mixer, frames, known.greys)
    truths = {}
    for frame in decode.Decoder(info):
        if frame.index in span and frame.index in frames:
            points = face.track.points[frame.index - face.track.span.start]
            truths[frame.index] = small_grey(colour.to_rgb(frame, info), points)
    along = np.zeros((2, 3))
    for f in list(truths)[::EVERY]:
        at = frames.index(f)
        low, high = max(0, at - radius), at + radius + 1
        change = mixer.changes(parts[low:high], at - low)
        wanted = missing(parts[at], face.parts(mixer, [f], truths, true=True)[0], change)
        along += (change * wanted).sum((1, 2, 3)), np.square(change).sum((1, 2, 3))
    return (along[0] / np.maximum(along[1], 1e-9)).tolist()


def missing(own: Parts, truth: Parts, change: NDArray) -> NDArray:
    """(3, P, P, 3) what would have to be changed, part by part; within the face alone, as `Calming.changes` has it."""
    side = change.shape[1]
    stride = len(own.fine) // side
    gain = np.clip(1 + change[0] / np.maximum(resized(own.light, side, cv2.INTER_LINEAR), DARK), *GAIN)
    light = resized(truth.light - own.light, side, cv2.INTER_LINEAR)
    fine = truth.fine[::stride, ::stride] - own.fine[::stride, ::stride] * gain
    return np.stack([light, truth.middle - own.middle * gain, fine])


def fit(run: Path) -> None:
    rows = [json.loads(path.read_text()) for path in sorted(run.glob("[0-9]*.json"))]
    evidence = [Evidence(np.array(r["changed"]), np.array(r["sound"]), r["moved"]) for r in rows]
    harm, moved = np.array([e.harm() for e in evidence]), np.array([e.moved for e in evidence])
    wanted = np.clip([r["best"] for r in rows], 0, 1)
    clip = np.array([r["name"].split(":")[0] for r in rows])
    for k, part in enumerate(NAMES):

        def off(constants: NDArray, which: NDArray, k: int = k) -> NDArray:
            return shares(harm[which, k], moved[which], Part(*np.exp(constants))) - wanted[which, k]

        def weighed(constants: NDArray, which: NDArray, k: int = k, off=off) -> NDArray:
            # Of a change a share of `wanted` is flicker: so an error weighs, in the squared error undone. What is fine is a
            # small part of that at best, and is seen all the same.
            weight = 1.0 if NAMES[k] == "fine" else np.sqrt(np.maximum(wanted[which, k], LEAST))
            return off(constants, which) / weight

        def fitted(which: NDArray, weighed=weighed) -> NDArray:
            return least_squares(weighed, [0.0, np.log(2e-3)], args=(which,), loss="soft_l1", f_scale=0.2).x

        left = np.concatenate([off(fitted(clip != c), clip == c) for c in np.unique(clip)])
        weight, half = np.exp(fitted(np.ones(len(rows), bool)))
        rms = np.sqrt(np.square(left).mean())
        print(f"{part}: harm {weight:.3g}, moved {half:.3g}; {len(rows)} cases; shares of clips left out are off by {rms:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--cases", default="0-60", help="first-last, exclusive")
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    if options.fit:
        return fit(options.run)
    options.run.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    trial.refused = lambda *_: []
    every = sorted(listed(options.folders))
    for number in range(*(int(part) for part in options.cases.split("-"))):
        rng, turn = np.random.default_rng([number, 21]), number // len(every)
        clip = every[int(np.random.default_rng([turn, 22]).permutation(len(every))[number % len(every)])]
        variant = str(rng.choice(list(KINDS), p=list(KINDS.values())))
        case = Case("single", "fit", clip, 500_000 + number, (Dose(variant, float(rng.uniform(0.35, 0.8))),))
        try:
            row = looked(case, options.run / "cache")
        except FacefixError as error:
            print(f"{case.name}: {error}", flush=True)
            continue
        if row is not None:
            (options.run / f"{number:04}.json").write_text(json.dumps(row))
            print(f"{number}: {case.name}, best {np.round(row['best'], 2)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
