"""Drift: no frame is broken, but the person slowly becomes somebody else."""

from __future__ import annotations

import numpy as np

from facefix.diagnose import weighing
from facefix.diagnose.spans import ModeSpec, runs, worst
from facefix.types import Finding, Signals

_MIN_S = 0.5
"""Shorter than this beyond what is normal is a smile or a turn."""
_STAYS_S = 0.5
"""A drift goes on and does not come back; a turn of the head does: it lasts to this long before the face's last frame."""


def find(signals: Signals, fps: float) -> list[Finding]:
    curve = weighing.of("drift").severity(signals, fps)
    distance = signals["identity_distance"]
    known = np.flatnonzero(np.isfinite(distance))
    found = []
    for span in runs(curve, min_frames=round(_MIN_S * fps), bridge=round(fps)):
        if span.end < len(curve) - round(_STAYS_S * fps):
            continue
        before, inside = known[known < max(span.start, fps)], known[(known >= span.start) & (known < span.end)]
        changed = float(np.nanmax(np.nan_to_num(signals["shape_drift"][span.start : span.end])))
        why, evidence = f"the face's proportions leave those of its first frames for good ({changed:.2f} of 1)", {}
        if len(before) and len(inside):
            early, late = float(np.median(distance[before])), float(np.median(distance[inside[-5:]]))
            why += f"; identity distance goes from {early:.2f} to {late:.2f}"
            evidence = {"identity_early": round(early, 3), "identity_late": round(late, 3)}
        evidence["shape_drift"] = round(changed, 3)
        found.append(Finding("drift", -1, span, worst(curve, span), why + ".", evidence))
    return found


SPEC = ModeSpec("drift", "the person slowly changes", "pull the face back to an anchor", find)
