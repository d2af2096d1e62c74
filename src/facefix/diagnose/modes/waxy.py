"""Waxy: the face holds together but its skin has lost all fine detail, while hair and eyes stay sharp."""

from __future__ import annotations

import numpy as np

from facefix.diagnose.spans import ModeSpec, despike, runs, severity, worst
from facefix.types import Finding, Signals

_LOSS_KNOTS = (0.15, 0.30, 0.45, 0.65)
"""Share of the skin's detail lost against what this face shows elsewhere, at severity 0, 0.3, 0.6, 0.9."""
_POOR_KNOTS = (0.10, 0.075, 0.055, 0.035)
"""Skin detail over crispness, falling, likewise: a face that is waxy from its first frame to its last."""
_MIN_FACE_PX = 90
"""Below, skin shows no pores in any footage: not measurable."""


def find(signals: Signals, fps: float) -> list[Finding]:
    detail = despike(signals["detail"], round(fps / 4))
    crisp = despike(signals["crispness"], round(fps / 4))
    ratio = detail / np.maximum(crisp, 1e-3)
    loss = 1 - ratio / max(float(np.percentile(ratio, 80)), 1e-6)
    curve = np.fmax(severity(loss, _LOSS_KNOTS), severity(-ratio, [-k for k in _POOR_KNOTS]))
    curve = np.where(signals["face_px"] < _MIN_FACE_PX, np.nan, curve)
    found = []
    for span in runs(curve, min_frames=max(4, round(fps / 3)), bridge=round(fps / 2)):
        share = float(np.median(ratio[span.start : span.end]))
        lost = float(np.median(loss[span.start : span.end]))
        why = (
            f"skin has {share:.0%} of the fine contrast of hair and eyes, "
            f"{max(lost, 0):.0%} less than this face shows at its best."
        )
        evidence = {"detail_ratio": round(share, 3), "detail_lost": round(lost, 3)}
        found.append(Finding("waxy", -1, span, worst(curve, span), why, evidence))
    return found


SPEC = ModeSpec("waxy", "skin is poreless and glossy", "put detail and grain back, moderately", find)
