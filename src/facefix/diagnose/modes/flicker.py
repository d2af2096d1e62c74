"""Flicker: features or shading boil, each frame being sampled anew."""

from __future__ import annotations

import numpy as np

from facefix.diagnose.spans import ModeSpec, own_level, runs, severity, worst
from facefix.types import Finding, Signals

_BOIL_KNOTS = (3.0, 6.0, 10.0, 18.0)
"""Boil in % of the face's contrast above its own level, at severity 0, 0.3, 0.6, 0.9."""
_SHADING_KNOTS = (2.0, 4.0, 7.0, 12.0)
"""Brightness jump of face parts in % above its own level, likewise."""


def find(signals: Signals, fps: float) -> list[Finding]:
    boil = signals["boil"] - own_level(signals["boil"])
    shading = signals["shading"] - own_level(signals["shading"])
    curve = np.fmax(severity(boil, _BOIL_KNOTS), severity(shading, _SHADING_KNOTS))
    found = []
    for span in runs(curve, min_frames=1, bridge=max(2, round(fps / 5))):
        inside = slice(span.start, span.end)
        b, s = float(np.nanmax(signals["boil"][inside])), float(np.nanmax(signals["shading"][inside]))
        why = f"the face's texture jumps by {b:.0f} % of its contrast and its shading by {s:.0f} % between frames."
        evidence = {"boil_percent": round(b, 2), "shading_percent": round(s, 2)}
        found.append(Finding("flicker", -1, span, worst(curve, span), why, evidence))
    return found


SPEC = ModeSpec("flicker", "features or shading boil from frame to frame", "fuse the frames along the motion", find)
