"""Warp: features stretch, bend or double for some frames, most often in a turn."""

from __future__ import annotations

import numpy as np

from facefix.diagnose.spans import ModeSpec, own_level, runs, severity, worst
from facefix.types import Finding, Signals

_KNOTS = (1.6, 2.4, 3.4, 5.0)
"""Bend in % of the face's width above its own level, at severity 0, 0.3, 0.6, 0.9."""


def find(signals: Signals, fps: float) -> list[Finding]:
    bend = signals["bend"]
    # A face that turns fast bends more for honest reasons; its own level over the track is the control.
    excess = bend - own_level(bend)
    excess = np.where(np.abs(signals["yaw"]) > 55, np.nan, excess)
    curve = severity(excess, _KNOTS)
    found = []
    for span in runs(curve, min_frames=2, bridge=max(2, round(fps / 6))):
        peak = float(np.nanmax(bend[span.start : span.end]))
        why = f"features lie {peak:.1f} % of the face's width from where the frames before and after have them."
        found.append(Finding("warp", -1, span, worst(curve, span), why, {"bend_percent": round(peak, 2)}))
    return found


SPEC = ModeSpec("warp", "features stretch, bend or double", "rebuild these frames from the good ones around them", find)
