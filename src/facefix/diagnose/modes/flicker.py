"""Flicker: features or shading boil, each frame being sampled anew."""

from __future__ import annotations

import numpy as np

from facefix.diagnose import weighing
from facefix.diagnose.features import obstructed
from facefix.diagnose.spans import ModeSpec, covered, passing, runs, whole, worst
from facefix.types import Finding, Signals

_FLASH = 5.0
"""% that the surroundings jump by in a flash, or by lightning, which lights what is near more, and a face is near: two flashes
had 7 and 12, no other frame of 89 cases more than 4."""

_LOST = 1.7
"""Of the feature `mesh_lost`, where something is before the face: colours that boil cost the mesh something, too."""


def find(signals: Signals, fps: float) -> list[Finding]:
    unclear = covered(signals["tint"], fps) | passing(signals["flash"] >= _FLASH, fps) | obstructed(signals, fps, _LOST)
    curve = np.where(unclear, np.nan, weighing.of("flicker").severity(signals, fps))
    found = []
    for span in runs(curve, min_frames=2, bridge=max(2, round(fps / 5))):
        inside = slice(span.start, span.end)
        boil, shading = (float(np.nanmax(np.nan_to_num(signals[name][inside]))) for name in ("boil", "shading"))
        why = f"the face's texture jumps by {boil:.0f} % of its contrast and its shading by {shading:.0f} % between frames."
        evidence = {"boil_percent": round(boil, 2), "shading_percent": round(shading, 2)}
        found.append(Finding("flicker", -1, whole(curve, span, fps), worst(curve, span), why, evidence))
    return found


SPEC = ModeSpec("flicker", "features or shading boil from frame to frame", "fuse the frames along the motion", find)
