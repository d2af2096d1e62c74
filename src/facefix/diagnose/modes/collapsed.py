"""Collapsed: nothing of the face is left to restore - eyes, nose and mouth melted, smeared or gone."""

from __future__ import annotations

import numpy as np
from numpy import float32

from facefix.diagnose.spans import ModeSpec, runs, severity, worst
from facefix.types import Finding, Signals

_KNOTS = (-0.66, -0.58, -0.50, -0.42)
"""Minus the mesh's confidence in the points it knows best, at severity 0, 0.3, 0.6, 0.9."""


def find(signals: Signals, fps: float) -> list[Finding]:
    curve = severity(-signals["mesh"], _KNOTS)
    found = []
    for span in runs(curve, min_frames=max(2, round(fps / 8)), bridge=max(2, round(fps / 6))):
        sure = float(np.nanmedian(signals["mesh"][span.start : span.end]))
        why = f"eyes, nose and mouth can no longer be told apart (mesh confidence {sure:.2f}, 0.85 on a clear face)."
        found.append(Finding("collapsed", -1, span, worst(curve, span), why, {"mesh_confidence": round(sure, 3)}))
    return found


SPEC = ModeSpec("collapsed", "nothing of the face is left", "generate these frames anew", find)
