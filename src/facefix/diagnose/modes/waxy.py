"""Waxy: the face holds together but its skin has lost all fine detail, while hair and eyes stay sharp."""

from __future__ import annotations

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.diagnose.spans import ModeSpec, despike, runs, severity, worst
from facefix.types import Finding, Signals

_LOSS_KNOTS = (0.28, 0.38, 0.48, 0.58)
"""Share of the skin's detail lost against what this face shows elsewhere in the shot, at severity 0, 0.3, 0.6, 0.9."""
_MIN_FACE_PX = 90
"""Below, skin shows no pores in any footage: not measurable."""


def find(signals: Signals, fps: float) -> list[Finding]:
    window = round(fps / 3)
    detail = _share(despike(signals["detail"], window))
    # What blur, focus or compression take from features and hair as well is no wax.
    control = np.fmax(_share(despike(signals["crispness"], window)), _share(despike(signals["crispness_out"], window)))
    loss = 1 - detail / np.minimum(1, np.maximum(control, 0.1))
    curve = np.where(signals["face_px"] < _MIN_FACE_PX, np.nan, severity(loss, _LOSS_KNOTS))
    found = []
    for span in runs(curve, min_frames=max(6, round(fps / 3)), bridge=round(fps / 2)):
        lost = float(np.median(loss[span.start : span.end]))
        why = f"skin has lost {max(lost, 0):.0%} of the detail it shows elsewhere in this shot; features and hair have not."
        found.append(Finding("waxy", -1, span, worst(curve, span), why, {"detail_lost": round(lost, 3)}))
    return found


def _share(values: NDArray[float32]) -> NDArray[float32]:
    """Of what this face shows at its best."""
    return values / max(float(np.percentile(values, 80)), 1e-6)


SPEC = ModeSpec("waxy", "skin is poreless and glossy", "put detail and grain back, moderately", find)
