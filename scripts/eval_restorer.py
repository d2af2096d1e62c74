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
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

from facefix.bench.nearness import Judge, Nearness, similarity
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


def compared(judge: Judge, truth: Floats, damaged: Floats, out: Floats) -> list[Nearness]:
    """Of N crops (N, S, S, 3) RGB 0..1. Each goes alone: they are no clip, and of clips the judge leaves out faces."""
    return [judge.compare(t[None], d[None], o[None], TEMPLATE[None]) for t, d, o in zip(truth, damaged, out, strict=True)]


def undone(cases: Sequence[Nearness], of: str) -> float:
    """% of the mean distance that is gone; of: mesh or identity."""
    before, after = (np.mean([getattr(case, f"{of}_{when}") for case in cases]) for when in ("before", "after"))
    return float(100 * (1 - after / before))


def report(pairs: NDArray, out: Floats, judge: Judge | None) -> None:
    truth, damaged = (pairs[k].astype(np.float32) / 255 for k in ("truth", "damaged"))
    share, kept = measure.shares(pairs, out)
    for number, name in enumerate(MODES):
        mine = pairs["mode"] == number
        if name == "clean":
            print(f"  clean    keeps {kept[mine].mean():.1f} dB in the face, worst {kept[mine].min():.1f}")
            continue
        line = (
            f"  {name:<8} undone {100 * share[mine].mean():5.1f} % (median {100 * np.median(share[mine]):5.1f}, worst"
            f" {100 * share[mine].min():6.1f}, worse {np.sum(share[mine] < 0)} of {mine.sum()})"
            f"  SSIM {similarity(damaged[mine], truth[mine]):.4f} -> {similarity(out[mine], truth[mine]):.4f}"
        )
        if judge:
            cases = compared(judge, truth[mine], damaged[mine], out[mine])
            line += f"  mesh error {undone(cases, 'mesh'):+.0f} % undone"
            line += f", identity distance {undone(cases, 'identity'):+.0f} % undone"
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
    judge = None if options.quick else Judge()
    everything = np.load(options.pairs)
    for title, pairs in (("held-out clips", everything[everything["clip"]]), ("portraits", everything[~everything["clip"]])):
        for anchors in (ANCHORS, 1, 0):
            print(f"{title}, {anchors} anchors", flush=True)
            out = restored(restorer, pairs, anchors)
            report(pairs, out, judge if anchors == ANCHORS else None)
            if anchors == ANCHORS and options.sheet:
                sheet(options.sheet.with_stem(f"{options.sheet.stem}_{title.split()[-1]}"), pairs, out)


if __name__ == "__main__":
    main()
