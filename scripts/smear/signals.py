"""Read bench cases as single frames show them, for `scripts/fit_diagnosis.py`: the smear reader's signal, and labels.

    python scripts/smear/signals.py CLIPS smear_fit.npz [--part fit] [--seed 33] [--reader models/smear.safetensors]
    python scripts/fit_diagnosis.py smear_fit.npz --rows smear --out src/facefix/diagnose/weighing.json

The file has the form of those of `facefix bench --signals`, but nothing is detected, followed or meshed: crops are cut where
the clean clip has its face. So faults that are rare in a bench's draw can be shown often.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from facefix.bench import cases, clips
from facefix.bench.cases import Case, Label
from facefix.bench.clips import CleanClip
from facefix.bench.course import in_turn, silent
from facefix.bench.faults import VARIANTS
from facefix.bench.scoring import TRUTHS
from facefix.diagnose.looks import Looks
from facefix.diagnose.smear.network import SIDE_PX
from facefix.diagnose.smear.reading import SIGNAL, Reader
from facefix.faces import align

QUOTA = {"warp-smear": 10, "warp": 9, "confuser": 10, "clean": 5, "flicker": 3, "drift": 3, "waxy": 3}
"""Cases of each kind; of a mixture the first fault counts that is named here."""
DRAWN = 600
SECONDS = 4.0
STEP = 2
"""Every how many frames a face is looked at."""


def chosen(folder: Path, part: str, seed: int) -> list[Case]:
    """The first cases of a long draw that fill the quota."""
    count, found = Counter[str](), []
    for case in cases.choose(clips.clips_of(folder, part), DRAWN, seed):
        kind = _kind(case)
        if count[kind] < QUOTA.get(kind, 0):
            count[kind] += 1
            found.append(case)
    return found


def _kind(case: Case) -> str:
    variants = [dose.variant for dose in case.doses]
    rare = next((name for name in QUOTA if name in variants), None)
    return rare or (VARIANTS[variants[0]].mode if variants else case.kind)


def crops(case: Case, clip: CleanClip, labels: Sequence[Label]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(frame, (SIDE_PX, SIDE_PX, 3) RGB 0..1) of every `STEP`-th frame that shows the face."""
    points = clip.points_at(case.face_px)
    for frame, picture in enumerate(cases.pictures(case, clip, labels)):
        if frame % STEP == 0 and np.isfinite(points[frame]).all():
            yield frame, align.crop(picture, align.transform(points[frame], SIDE_PX), SIDE_PX).pixels


def arrays(case: Case, clip: CleanClip, labels: Sequence[Label], told: NDArray[np.float32]) -> dict:
    """What the file has of a case, names without its number. told: (frames,) as the reader has it."""
    about = {
        "name": case.name, "clip": case.clip.name, "part": case.part, "fps": float(clip.rate),
        "labels": [{"variant": label.variant, "severity": label.severity} for label in labels],
    }  # fmt: skip
    truth = {mode: np.zeros(clip.frames, np.float32) for mode in TRUTHS}
    for label in labels:
        curve = label.curve(clip.frames) if label.mode != "collapsed" else label.severity * label.frames(clip.frames)
        truth[label.mode] = np.maximum(truth[label.mode], curve).astype(np.float32)
    return {"case": json.dumps(about), f"signal/{SIGNAL}": told} | {f"truth/{mode}": curve for mode, curve in truth.items()}


def read(reader: Reader, seen: Sequence[tuple[int, NDArray[np.float32]]], frames: int) -> NDArray[np.float32]:
    """(frames,) expected severity."""
    looks = Looks(1)
    for _, crop in seen:
        reader.look(looks, crop)
    return np.interp(np.arange(frames), [frame for frame, _ in seen], reader.read(looks)).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--part", default="fit")
    parser.add_argument("--seed", type=int, default=33)
    parser.add_argument("--reader", type=Path)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    reader, found = Reader("cpu", options.reader), {}
    some = chosen(options.clips, options.part, options.seed)
    for number, (case, clip) in enumerate(in_turn(some, SECONDS, options.cache, silent)):
        labels = cases.place(case, clip)
        told = read(reader, list(crops(case, clip, labels)), clip.frames)
        found |= {f"{number}/{key}": values for key, values in arrays(case, clip, labels, told).items()}
        print(f"{number}: {case.name}", flush=True)
    np.savez_compressed(options.out, **found)
    sys.stdout.write(f"{options.out}: {len(some)} cases\n")


if __name__ == "__main__":
    main()
