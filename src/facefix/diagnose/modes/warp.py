"""Warp: features stretch, bend or double for some frames, most often in a turn."""

from __future__ import annotations

import numpy as np

from facefix.diagnose.spans import ModeSpec, own_level, runs, severity, worst
from facefix.types import Finding, Signals

_KNOTS = (3.0, 6.0, 10.0, 16.0)
"""Strain in % above the face's own level, at severity 0, 0.3, 0.6, 0.9."""


def find(signals: Signals, fps: float) -> list[Finding]:
    strain = signals["strain"]
    # A face that turns fast strains more for honest reasons; its own level over the track is the control.
    excess = strain - own_level(strain)
    excess = np.where(np.abs(signals["yaw"]) > 55, np.nan, excess)
    curve = severity(excess, _KNOTS)
    found = []
    for span in runs(curve, min_frames=2, bridge=max(2, round(fps / 6))):
        peak = float(np.nanmax(strain[span.start : span.end]))
        why = f"nose, brow or cheekbones stretch by {peak:.0f} % against the frames before and after."
        found.append(Finding("warp", -1, span, worst(curve, span), why, {"strain_percent": round(peak, 2)}))
    return found


SPEC = ModeSpec("warp", "features stretch, bend or double", "rebuild these frames from the good ones around them", find)
