"""Fit how severe what a mode finds is, on the fit half of the clips; check it on the other half.

    facefix bench --diagnosis CLIPS --cases 40 --seed 11 --part fit --signals fit.npz         # several, of other seeds
    facefix bench --diagnosis CLIPS --cases 40 --seed 21 --part held-out --signals held.npz
    python scripts/fit_grading.py fit.npz ... held.npz ... [--out src/facefix/diagnose/grading.json]

Per mode: a linear regression over `TERMS[mode]` with a ridge, of the severities injected, on the findings of today's modes that
meet a fault of theirs, stretched to their spread. Printed: how well severities are ranked (Spearman) and how far they are off,
on clips that were left out one by one, and on those held out; beside what the modes themselves say.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from facefix.bench.diagnosis import kept_signals
from facefix.diagnose import grading, modes
from facefix.types import Finding

Floats = NDArray[np.float64]

TERMS = {
    "warp": ["reached unforeseen", "reached smear_risen"],
    "drift": ["severity", "reached departure_lasting", "reached look_drift_lasting"],
    "flicker": ["severity", "reached shading", "reached shape_flicker_slow"],
    "waxy": ["reached wax_seen"],
}
"""Those that ranked best on clips that were left out, of seven to ten sets a mode; of drift one that is within
0.03 of the best."""
RIDGE = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A fault that was found."""

    clip: str
    held_out: bool
    injected: float
    finding: Finding
    terms: Floats


def load(path: Path) -> Iterator[Found]:
    """Every fault of a file that was found, by its most severe finding."""
    for about, signals, _ in kept_signals(path):
        if not signals:
            continue
        fps = about["fps"]
        findings = modes.told(signals, fps)
        for label in about["labels"]:
            mine = [f for f in findings if f.mode == label["mode"]]
            mine = [f for f in mine if f.span.start < label["end"] and label["start"] < f.span.end]
            if mine and label["mode"] in TERMS:
                worst = max(mine, key=lambda f: f.severity)
                terms = np.array([grading.value(term, worst, signals, fps) for term in TERMS[worst.mode]])
                yield Found(about["clip"], about["part"] == "held-out", label["severity"], worst, terms)


def regression(found: list[Found], mode: str) -> dict:
    """The table's row of a mode."""
    x, y = np.stack([f.terms for f in found]), np.array([f.injected for f in found])
    mean, scale = np.nanmean(x, 0), np.maximum(np.nanstd(x, 0), 1e-6)
    z = np.nan_to_num((x - mean) / scale)
    weights = np.linalg.solve(z.T @ z + RIDGE * np.eye(z.shape[1]), z.T @ (y - y.mean()))
    # As far apart as the injected ones: what is to be expected lies nearer to the middle, and would call nothing ruined.
    weights *= y.std() / max(float((z @ weights).std()), 1e-6)
    columns = zip(TERMS[mode], mean, scale, weights, strict=True)
    terms = {
        t: {"mean": round(float(m), 5), "scale": round(float(s), 5), "weight": round(float(w), 5)} for t, m, s, w in columns
    }
    return {"bias": round(float(y.mean()), 5), "terms": terms}


def told(row: dict, found: list[Found]) -> Floats:
    """(N,) what the row says of findings."""
    return grading.parse(row).told(np.stack([f.terms for f in found]))


def left_out(found: list[Found], mode: str) -> Floats:
    """(N,) what rows say that were fitted on the other clips."""
    out = np.zeros(len(found))
    for clip in {f.clip for f in found}:
        mine = np.array([f.clip == clip for f in found])
        row = regression([f for f, his in zip(found, mine, strict=True) if not his], mode)
        out[mine] = told(row, [f for f, his in zip(found, mine, strict=True) if his])
    return out


def line(title: str, found: list[Found], severities: Floats) -> str:
    injected, own = (np.array([get(f) for f in found]) for get in (lambda f: f.injected, lambda f: f.finding.severity))
    ranks, off = zip(*((float(spearmanr(injected, s)[0]), np.abs(s - injected).mean()) for s in (own, severities)), strict=True)
    return f"  {title:<22} {len(found):3}  Spearman {ranks[0]:.2f} -> {ranks[1]:.2f}, off by {off[0]:.2f} -> {off[1]:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("signals", type=Path, nargs="+")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    every = [found for path in options.signals for found in load(path)]
    rows = {}
    for mode in TERMS:
        fit, held = ([f for f in every if f.finding.mode == mode and f.held_out == side] for side in (False, True))
        rows[mode] = regression(fit, mode)
        weights = ", ".join(f"{name} {term['weight']:+.3f}" for name, term in rows[mode]["terms"].items())
        print(f"{mode}: {weights}")
        print(line("clips left out", fit, left_out(fit, mode)))
        if held:
            print(line("held out", held, told(rows[mode], held)))
    if options.out:
        about = f"Fitted by scripts/fit_grading.py on {sum(not f.held_out for f in every)} faults that were found."
        options.out.write_text(json.dumps({"about": about, "modes": rows}, indent=1) + "\n")
        sys.stdout.write(f"{options.out}\n")


if __name__ == "__main__":
    main()
