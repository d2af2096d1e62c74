"""Waxy: skin has lost all fine detail, while hair and eyes stay sharp."""

from __future__ import annotations

import numpy as np
from numpy import float32

from facefix.diagnose import weighing
from facefix.diagnose.features import feature
from facefix.diagnose.spans import ModeSpec, runs, worst
from facefix.types import Finding, Signals

_MIN_FACE_PX = 90
"""Below, skin shows no pores in any footage: not measurable."""


def find(signals: Signals, fps: float) -> list[Finding]:
    curve = weighing.of("waxy").severity(signals, fps)
    curve = np.where(signals["face_px"] < _MIN_FACE_PX, np.nan, curve).astype(float32)
    lost = feature("detail_lost", signals, fps)
    found = []
    for span in runs(curve, min_frames=max(6, round(fps / 3)), bridge=round(fps / 2)):
        share = float(np.nan_to_num(np.nanmedian(lost[span.start : span.end])))
        why = "skin is smoother and glossier than in the rest of the shot"
        if share > 0.15:
            why = f"skin has lost {share:.0%} of the detail it shows elsewhere in this shot; features and hair have not"
        found.append(Finding("waxy", -1, span, worst(curve, span), f"{why}.", {"detail_lost": round(share, 3)}))
    return found


SPEC = ModeSpec("waxy", "skin is poreless and glossy", "put detail and grain back, moderately", find)
