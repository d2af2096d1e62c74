"""Drift: no frame is broken, but the person slowly becomes somebody else."""

from __future__ import annotations

import numpy as np
from numpy import float32
from numpy.typing import NDArray
from scipy.stats import spearmanr

from facefix.diagnose.spans import ModeSpec, runs, severity, worst
from facefix.types import Finding, Signals

_KNOTS = (0.30, 0.375, 0.45, 0.55)
"""Smoothed identity distance to the first frames, at severity 0, 0.3, 0.6, 0.9. Speech, smiles and light alone end 20
clean clips at 0.17 to 0.36."""
_MIN_RISE = 0.12
"""A face that is as far from the anchor at once is badly seen, not drifting."""
_MIN_S = 0.6
"""Shorter than this beyond what is normal is a smile or a turn."""


def find(signals: Signals, fps: float) -> list[Finding]:
    known = np.flatnonzero(np.isfinite(signals["identity_distance"]) & (np.abs(signals["yaw"]) < 35))
    if len(known) < 6:
        return []
    distance = _smoothed(signals["identity_distance"], known, fps)
    early = float(np.median(signals["identity_distance"][known[: max(3, len(known) // 5)]]))
    curve = np.where(distance - early < _MIN_RISE, 0, severity(distance, _KNOTS))
    found = []
    for span in runs(curve, min_frames=round(_MIN_S * fps), bridge=round(fps)):
        # A drift goes on and does not come back; a turn of the head does.
        stays = span.end >= len(distance) - round(fps / 2)
        inside = known[(known >= max(0, span.start - fps)) & (known < span.end)]
        if len(inside) < 5 or not stays:
            continue
        order = float(np.asarray(spearmanr(inside, signals["identity_distance"][inside]))[0])
        if order < 0.5:
            continue
        end = float(distance[span.end - 1])
        why = f"identity distance to the first frames grows from {early:.2f} to {end:.2f} and does not return."
        evidence = {"identity_early": round(early, 3), "identity_late": round(end, 3), "monotony": round(order, 2)}
        found.append(Finding("drift", -1, span, worst(curve, span), why, evidence))
    return found


def _smoothed(distance: NDArray[float32], known: NDArray[np.intp], fps: float) -> NDArray[float32]:
    """Gaussian-weighted mean (sigma 0.4 s) of the sparse measurements, at every frame."""
    frames = np.arange(len(distance))[:, None]
    weight = np.exp(-0.5 * ((frames - known[None]) / (0.4 * fps)) ** 2) + 1e-9
    return ((weight @ distance[known]) / weight.sum(axis=1)).astype(float32)


SPEC = ModeSpec("drift", "the person slowly changes", "pull the face back to an anchor", find)
