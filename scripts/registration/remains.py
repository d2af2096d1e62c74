"""Say how far meshes are off that were straightened and registered: what the restorer's pairs are made with.

    python scripts/registration/looks.py RUN OUT                     # see there what comes before
    python scripts/registration/remains.py RUN OUT REMAINS.npz       # adds to what fit_straightening.py --remains wrote

Of the damaged frames of the tracks that registration was not trained on, with a warp or a collapse and no other fault.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from facefix.faces.mesh import shape
from facefix.models import own
from facefix.repair.registration import MODES
from facefix.repair.registration.evidence import FLOW_UNIT
from facefix.repair.registration.network import RegistrationNetwork
from fit_straightening import CURABLE, mode_of
from train_registration import HELD, answers

MILDEST, EVERY = 0.15, 3


def single(faults: list[dict]) -> str | None:
    """The registered mode of a sequence that has no other fault, and of which something is left to repair."""
    modes = {mode_of(f["kind"]) for f in faults}
    if len(modes) != 1 or not modes <= set(MODES):
        return None
    mode = modes.pop()
    return None if mode == "collapsed" and max(f["severity"] for f in faults) > CURABLE else mode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("seen", type=Path, help="what looks.py wrote")
    parser.add_argument("remains", type=Path)
    parser.add_argument("--weights", type=Path, default=Path("models/registration.safetensors"))
    options = parser.parse_args()
    network = own.load(RegistrationNetwork(), options.weights, "registration").float()
    known = dict(np.load(options.remains)) if options.remains.exists() else {}
    found: dict[str, list] = {mode: [] for mode in MODES}
    for path in sorted(options.seen.glob("[0-9]*.npz")):
        with np.load(path) as row, np.load(options.run / f"meshes_{path.stem}.npz") as sequence:
            mode = single(json.loads(str(sequence["about"]))["faults"])
            if str(row["track"]) not in HELD or mode is None:
                continue
            rows = {name: row[name] for name in row.files if name != "track"}
        left = rows["off"] - answers(network, rows, torch.device("cpu"))
        for off in left[(rows["sound"] == 0) & (rows["severity"] >= MILDEST)][::EVERY]:
            # In the picture's plane, as if the face looked into it; of depth a picture says nothing. In an unturned shape the
            # eye distance is 1.
            found[mode].append(np.concatenate([off / FLOW_UNIT, np.zeros((len(off), 1))], 1))
    assert abs(np.linalg.norm(np.diff(shape.load().mean[[33, 263]], axis=0)) - 1) < 1e-3
    for mode, some in found.items():
        new = np.asarray(some, np.float16).reshape(-1, *shape.load().mean.shape)
        known[mode] = np.concatenate([new, known[mode]]) if mode in known else new
        print(f"{mode}: {len(new)} frames, {100 * np.linalg.norm(new, axis=-1).mean():.2f} % of the eye distance off")
    np.savez(options.remains, **known)


if __name__ == "__main__":
    main()
