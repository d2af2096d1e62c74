"""Drift: no frame is broken, but the person becomes somebody else and stays so."""

from __future__ import annotations

import numpy as np

from facefix.diagnose import weighing
from facefix.diagnose.spans import ModeSpec, runs, worst
from facefix.types import Finding, Signals

_SHORTEST_S = 0.8
"""Shorter than this is a turn, a smile or another fault."""


def find(signals: Signals, fps: float) -> list[Finding]:
    curve = weighing.of("drift").severity(signals, fps)
    found = []
    for span in runs(curve, min_frames=round(_SHORTEST_S * fps), bridge=round(fps / 2)):
        late = slice(max(span.start, span.end - round(fps)), span.end)
        beside = _usual(signals["early_drift"][late])
        early, now = _usual(signals["identity_distance"][: round(1.5 * fps)]), _usual(signals["identity_distance"][late])
        why = (
            f"beside the track's first seconds it is another face ({beside:.0%} of a ruined one); identity distance to them"
            f" goes from {early:.2f} to {now:.2f}."
        )
        evidence = {"beside_first": round(beside, 3), "identity_early": round(early, 3), "identity_late": round(now, 3)}
        found.append(Finding("drift", -1, span, worst(curve, span), why, evidence))
    return found


def _usual(values: np.ndarray) -> float:
    """The median of what was measured, 0 when nothing was."""
    return float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0


SPEC = ModeSpec("drift", "the person changes and stays changed", "pull the face back to an anchor", find)
