"""Warp: features stretch, bend or double for some frames, most often in a turn."""

from __future__ import annotations

import numpy as np

from facefix.diagnose import weighing
from facefix.diagnose.spans import ModeSpec, runs, worst
from facefix.types import Finding, Signals


def find(signals: Signals, fps: float) -> list[Finding]:
    curve = weighing.of("warp").severity(signals, fps)
    found = []
    for span in runs(curve, min_frames=3, bridge=max(2, round(fps / 6))):
        inside = slice(span.start, span.end)
        beside, bend = peak(signals["near_warp"][inside]), peak(signals["bend"][inside])
        why = (
            f"beside the frames around it the face is out of shape ({beside:.0%} of a ruined one); features lie {bend:.1f} %"
            " of the face's width from where those frames have them."
        )
        evidence = {"beside_neighbours": round(beside, 3), "bend_percent": round(bend, 2)}
        found.append(Finding("warp", -1, span, worst(curve, span), why, evidence))
    return found


def peak(values: np.ndarray) -> float:
    """The largest value that was measured, 0 when none was."""
    return float(np.nanmax(values)) if np.isfinite(values).any() else 0.0


SPEC = ModeSpec("warp", "features stretch, bend or double", "rebuild these frames from the good ones around them", find)
