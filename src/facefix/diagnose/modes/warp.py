"""Warp: features stretch, bend or double for some frames, most often in a turn."""

from __future__ import annotations

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.diagnose.spans import ModeSpec, own_level, runs, severity, worst
from facefix.types import Finding, Signals

_KNOTS = (3.5, 5.0, 6.5, 8.0)
"""Bend in % of the face's width above its own level, at severity 0, 0.3, 0.6, 0.9. Talking heads reach 3 to 4 now and then."""
_CONFIRMED_KNOTS = (1.2, 2.0, 3.0, 4.2)
"""Likewise where the identity network sees another person for that moment; expressions bend but do not do that."""
_STRANGER = 0.18
"""Rise of the identity distance above the track's median that counts as that."""
_BOILING = 4.0
"""Boil, % above its own level, from which on every frame is drawn anew: features jump, and flicker is the word for it."""


def find(signals: Signals, fps: float) -> list[Finding]:
    bend = signals["bend"]
    # A face that turns fast bends more for honest reasons; its own level over the track is the control.
    excess = np.where(np.abs(signals["yaw"]) > 55, np.nan, bend - own_level(bend)).astype(float32)
    boiling = signals["boil"] - own_level(signals["boil"]) > _BOILING
    confirmed = np.where(_stranger(signals["identity_distance"]) & ~boiling, severity(excess, _CONFIRMED_KNOTS), 0)
    curve = np.fmax(severity(excess, _KNOTS), confirmed)
    found = []
    for span in runs(curve, min_frames=2, bridge=max(2, round(fps / 6))):
        peak = float(np.nanmax(bend[span.start : span.end]))
        why = f"features lie {peak:.1f} % of the face's width from where the frames before and after have them."
        found.append(Finding("warp", -1, span, worst(curve, span), why, {"bend_percent": round(peak, 2)}))
    return found


def _stranger(distance: NDArray[float32]) -> NDArray[np.bool_]:
    """(T,) whether identity, measured now and then and interpolated, is further off than usual."""
    known = np.flatnonzero(np.isfinite(distance))
    if len(known) < 3:
        return np.zeros(len(distance), bool)
    return np.interp(np.arange(len(distance)), known, distance[known]) > np.median(distance[known]) + _STRANGER


SPEC = ModeSpec("warp", "features stretch, bend or double", "rebuild these frames from the good ones around them", find)
