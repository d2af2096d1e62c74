"""Measure the anchored restorer on held-out clips and people, at severity 0.6, and draw what it does.

    python scripts/restorer/pairs.py held MESH_RUN/data RUN --frames 20 --portraits 30 --out trial.npy
    python scripts/eval_restorer.py RUN/trial.npy [--weights models/restorer.safetensors] [--sheet sheet.png] [--speed]

Printed per mode, beside the damaged crop: the share of squared error to the truth undone (mean, median, worst case, cases made
worse), SSIM before and after, and how much nearer to the truth the mesh and the identity came (of the means). Then the same
without anchors, and the PSNR that clean crops keep in the face. The sheet has rows damaged | restored | truth | first anchor,
from the worst case of each mode to the best.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

sys.path.insert(0, str(Path(__file__).parent))

from facefix.faces import identity
from facefix.faces.mesh import framing
from facefix.faces.mesh.mesher import Mesher
from facefix.repair import placing
from facefix.repair.restorers.anchored.restoring import AnchoredRestorer
from restorer import measure
from restorer.pairs import ANCHORS, MODES
from restorer.people import TEMPLATE

Floats = NDArray[np.float32]
_AT_ONCE = 8


def restored(restorer: AnchoredRestorer, pairs: NDArray, anchors: int = ANCHORS) -> Floats:
    """(N, S, S, 3) through the product's own way in, with that many anchors."""
    out = []
    for start in range(0, len(pairs), _AT_ONCE):
        some = pairs[start : start + _AT_ONCE]
        placed = [
            [
                placing.Placed(a.astype(np.float32) / 255, c.astype(np.float32) / 255)
                for a, c in zip(pair["anchors"][:anchors], pair["coverage"][:anchors], strict=True)
            ]
            for pair in some
        ]
        guides = np.array(some["guide"], np.float32) * (anchors > 0)
        out.append(restorer.restore(np.array(some["damaged"], np.float32) / 255, placed, guides).pixels)
    return np.concatenate(out)


class Judge:
    """Mesh and identity of many crops, and how far from the truth's they are."""

    def __init__(self, truth: Floats) -> None:
        self.mesher, self.network = Mesher("cpu"), identity.Identity()
        self.true_meshes, self.true_faces = self._see(truth)

    def _see(self, crops: Floats) -> tuple[Floats, Floats]:
        fives = np.broadcast_to(TEMPLATE, (len(crops), 5, 2))
        meshes = self.mesher.meshes(list(crops), fives).points
        small = [np.round(c * 255).astype(np.uint8) for c in crops]
        chips = [identity.chip(c, p) for c, p in zip(small, framing.five_points(meshes), strict=True)]
        return meshes, self.network.embed(np.stack(chips))

    def distances(self, crops: Floats) -> tuple[Floats, Floats]:
        """(N,) mean distance of the mesh's points in eye distances, and (N,) distance of the identities."""
        meshes, faces = self._see(crops)
        size = np.linalg.norm(self.true_meshes[:, 33] - self.true_meshes[:, 263], axis=1)
        off = np.linalg.norm((meshes - self.true_meshes)[..., :2], axis=-1).mean(1) / size
        return off, np.linalg.norm(faces - self.true_faces, axis=1)


def similarity(pictures: Floats, truth: Floats) -> Floats:
    """(N,) SSIM."""
    return np.array([structural_similarity(a, b, channel_axis=-1, data_range=1.0)
                     for a, b in zip(pictures, truth, strict=True)], np.float32)  # fmt: skip


def report(pairs: NDArray, out: Floats, judge: Judge | None) -> None:
    truth, damaged = (pairs[k].astype(np.float32) / 255 for k in ("truth", "damaged"))
    share, kept = measure.shares(pairs, out)
    alike = [similarity(p, truth) for p in (damaged, out)]
    far = [judge.distances(p) for p in (damaged, out)] if judge else None
    for number, name in enumerate(MODES):
        mine = pairs["mode"] == number
        if name == "clean":
            print(f"  clean    keeps {kept[mine].mean():.1f} dB in the face, worst {kept[mine].min():.1f}")
            continue
        line = (
            f"  {name:<8} undone {100 * share[mine].mean():5.1f} % (median {100 * np.median(share[mine]):5.1f}, worst"
            f" {100 * share[mine].min():6.1f}, worse {np.sum(share[mine] < 0)} of {mine.sum()})"
            f"  SSIM {alike[0][mine].mean():.4f} -> {alike[1][mine].mean():.4f}"
        )
        if far:
            less = [100 * (1 - far[1][k][mine].mean() / far[0][k][mine].mean()) for k in (0, 1)]
            line += f"  mesh error {less[0]:+.0f} % undone, identity distance {less[1]:+.0f} % undone"
        print(line)


def sheet(path: Path, pairs: NDArray, out: Floats, rows: int = 4) -> None:
    """Per mode the worst, the best and cases between."""
    share, _ = measure.shares(pairs, out)
    strips = []
    for number, name in enumerate(MODES):
        mine = np.flatnonzero(pairs["mode"] == number)
        order = mine[np.argsort(share[mine])] if name != "clean" else mine
        for i in order[np.linspace(0, len(order) - 1, rows).astype(int)]:
            pair = pairs[i]
            shown = [pair["damaged"], np.round(out[i] * 255).astype(np.uint8), pair["truth"], pair["anchors"][0]]
            strip = np.ascontiguousarray(np.hstack(shown)[..., ::-1])
            cv2.putText(strip, f"{name} {100 * share[i]:.0f} %", (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 255), 1)
            strips.append(strip)
    columns = np.array_split(np.stack(strips), 2) if len(strips) % 2 == 0 else [np.stack(strips)]
    cv2.imwrite(str(path), np.hstack([np.vstack(list(c)) for c in columns]))


def speed(restorer: AnchoredRestorer, side: int = 256) -> None:
    """Milliseconds a face with three anchors, placing included; the best of many, for the machine may be busy."""
    rng = np.random.default_rng(0)
    crops = rng.random((8, side, side, 3), np.float32)
    placed = [[placing.Placed(crops[0], crops[0, ..., 0])] * ANCHORS] * 8
    guides = np.zeros((8, placing.GRID_PX, placing.GRID_PX, 2), np.float32)
    times = {1: [], 8: []}
    for _ in range(20):
        for count, spent in times.items():
            start = time.perf_counter()
            restorer.restore(crops[:count], placed[:count], guides[:count])
            spent.append(1000 * (time.perf_counter() - start) / count)
    print(f"{side} px: {min(times[1]):.0f} ms a face alone, {min(times[8]):.0f} ms in a batch of 8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--weights", type=Path, help="default: those facefix brings along")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--quick", action="store_true", help="without mesh and identity")
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    restorer = AnchoredRestorer(options.device, options.weights)
    if options.speed:
        for side in (256, 512):
            speed(restorer, side)
        return
    everything = np.load(options.pairs)
    for title, pairs in (("held-out clips", everything[everything["clip"]]), ("portraits", everything[~everything["clip"]])):
        truth = pairs["truth"].astype(np.float32) / 255
        judge = None if options.quick else Judge(truth)
        for anchors in (ANCHORS, 1, 0):
            print(f"{title}, {anchors} anchors", flush=True)
            out = restored(restorer, pairs, anchors)
            report(pairs, out, judge if anchors == ANCHORS else None)
            if anchors == ANCHORS and options.sheet:
                sheet(options.sheet.with_stem(f"{options.sheet.stem}_{title.split()[-1]}"), pairs, out)


if __name__ == "__main__":
    main()
