"""Read the sequences of real clips as the diagnosis would, for `scripts/fit_diagnosis.py`: shape's signals and labels.

    python scripts/train_geometry.py RUN --generated-only                      # a reader that has not seen these clips
    python scripts/train_geometry.py RUN --generated-only --export READER
    python scripts/geometry/signals.py RUN READER fit_shapes.npz

The file has the form of those of `facefix bench --signals`, but only signals that meshes tell.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from facefix.bench.scoring import TRUTHS
from facefix.diagnose.geometry.reading import Reader, Shapes
from facefix.faces import align
from facefix.faces.mesh import framing, shape
from facefix.faces.mesh.foresight import SIGNAL, Foresight
from facefix.faces.mesh.unturning import unturn
from geometry.sequences import LABELS, OWN, real


def case(path: Path, reader: Reader, foresight: Foresight, part: str) -> dict:
    """The arrays of one sequence, their names without its number."""
    with np.load(path) as row:
        about, fps = json.loads(str(row["about"])), float(row["fps"])
        meshes, confidence = row["meshes"], row["confidence"].astype(np.float32)
        truth = {mode: row[mode] if mode in LABELS else np.zeros(len(meshes), np.float32) for mode in TRUTHS}
    first = about["first"]
    with np.load(path.parent / "tracks" / f"{about['track']}.npz") as cut:
        matrices = cut["matrix"][first : first + len(meshes)]
    track, steps, model = Shapes(fps), foresight.steps(), shape.load()
    for mesh, sure, matrix in zip(meshes, confidence, matrices, strict=True):
        reader.add(track, unturn(model, mesh, sure))
        # Where the head is counts here: the crop followed it.
        steps.add(framing.through(align.inverse(matrix), mesh))
    poses = np.array(track.poses, np.float32)
    signals = (
        reader.read(track)
        | {SIGNAL: foresight.read(steps, fps)}
        | {name: poses[:, k] for k, name in enumerate(("yaw", "pitch", "roll"))}
    )
    faults = [fault for fault in about["faults"] if fault["severity"] > 0]
    labels = [{"variant": "warp" if fault["kind"] == OWN else fault["kind"]} for fault in faults]
    clip = about["track"].rsplit("__", 1)[0] + ".mp4"
    told = {"name": about["track"], "clip": clip, "part": part, "fps": fps, "labels": labels}
    arrays: dict = {"case": json.dumps(told)}
    arrays |= {f"signal/{name}": values for name, values in signals.items()}
    return arrays | {f"truth/{mode}": values for mode, values in truth.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("reader", type=Path, help="weights")
    parser.add_argument("out", type=Path)
    parser.add_argument("--held-out", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    reader, foresight, arrays, number = Reader(options.reader), Foresight(shape.load()), {}, 0
    for path in sorted(options.run.glob("held_*.npz" if options.held_out else "meshes_*.npz")):
        with np.load(path) as row:
            name = json.loads(str(row["about"]))["track"]
        if real(name):
            part = "held-out" if options.held_out else "fit"
            arrays |= {f"{number}/{key}": values for key, values in case(path, reader, foresight, part).items()}
            number += 1
    np.savez_compressed(options.out, **arrays)
    print(f"{options.out}: {number} sequences")


if __name__ == "__main__":
    main()
