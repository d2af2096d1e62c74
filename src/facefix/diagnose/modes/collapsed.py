"""Collapsed: eyes, nose and mouth melt, until nothing of the face is left to restore.

The mesh network is trained to know its own error, and has nothing to hold on to in such a face. In the points it knows
best, features that melt (`bench/faults/collapsed`, five clips) leave 0.83 of confidence at severity 0.6, 0.4 to 0.6 at 0.75 and
0.2 to 0.45 at 0.9, where 20 clips of real people have 0.92 to 0.95; blurred, in the dark, flickering, warped, behind a hand
they keep 0.81 and more in every frame. A mild melt leaves it more; then it tells that features lose their edges
(`features.melted`) and skin its detail at once, weighed by a fit (`weighing`). But the mesh does not know a face in deep blur
either, one in the background or in profile, or one that something passes before. So a face must have been clear elsewhere in
the shot, or stand in sharp surroundings; and what has another colour than its skin is before it.
"""

from __future__ import annotations

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.diagnose import weighing
from facefix.diagnose.features import EDGES, edges_kept, melted
from facefix.diagnose.spans import FOREIGN_TINT, KNOWN, VISIBLE, ModeSpec, own_confidence, runs, severity, whole, worst
from facefix.types import Finding, Signals, Span

_KNOTS = (-0.83, -0.76, -0.66, -0.48)
"""Minus the confidence, at severity 0, 0.3, 0.6, 0.9."""
_SHARE_KNOTS = (-KNOWN, -0.81, -0.71, -0.52)
"""Minus the confidence as a share of the face's own, likewise: a beard and a hat cost 0.2 of it in every frame."""
_NEVER_CLEAR_KNOTS = (-0.60, -0.53, -0.47, -0.40)
"""Minus the confidence where the face is never clear."""
_CLEAR = 0.75
"""Confidence of a face's best fifth of frames that says it has been seen clearly."""
_SHARP = 1.2
"""Crispness of surroundings that are in focus, for a face that is never clear."""
_HELD = 0.75
"""Share of its own confidence that the mesh keeps of a face that can be rebuilt. Features that melt by 0.6 leave it 0.79 to
0.92, and a fifth of their edges; by 0.75 they leave it 0.53 to 0.65. Hands before a face take some of the mesh's confidence,
but half of the edges stay, or are theirs."""
_MIN_FACE_PX = 32
"""Below, features are a few pixels in any footage."""
_MAX_YAW = 40.0
"""Degrees beyond which too little of a face is seen to say that nothing is left of it."""


def find(signals: Signals, fps: float) -> list[Finding]:
    mesh = signals["mesh"]
    if not np.isfinite(mesh).any():
        return []
    legible = (signals["face_px"] >= _MIN_FACE_PX) & (np.abs(signals["yaw"]) < _MAX_YAW) & (signals["tint"] < FOREIGN_TINT)
    curve = np.where(legible, _curve(signals, fps), 0).astype(float32)
    found = []
    for span in runs(curve, min_frames=max(2, round(fps / 8)), bridge=max(2, round(fps / 6))):
        why, evidence = _reason(signals, span, fps)
        held = evidence["mesh_confidence"] >= _HELD * own_confidence(mesh)
        lost = not (held and evidence["edges_kept"] < EDGES)
        found.append(Finding("collapsed", -1, whole(curve, span, fps), worst(curve, span), why, evidence, lost=lost))
    return found


def _reason(signals: Signals, span: Span, fps: float) -> tuple[str, dict[str, float]]:
    """The sentence of a finding, and its numbers."""
    inside = slice(span.start, span.end)
    sure, kept = (float(np.nanmedian(values[inside])) for values in (signals["mesh"], edges_kept(signals, fps)))
    evidence = {"mesh_confidence": round(sure, 3), "edges_kept": round(kept, 3)}
    if sure >= KNOWN * own_confidence(signals["mesh"]):
        return (
            f"eyes, brows and lips melt: {kept:.0%} of their edges are left, beside those of what is around the face.",
            evidence,
        )
    why = f"eyes, nose and mouth can not be made out: gone, or covered (mesh confidence {sure:.2f}; clear faces have 0.93)."
    return why, evidence


def _curve(signals: Signals, fps: float) -> NDArray[float32]:
    """(T,) severity."""
    mesh = signals["mesh"]
    own = own_confidence(mesh)
    if own >= _CLEAR:
        unknown = np.fmin(severity(-mesh, _KNOTS), severity(-mesh / own, _SHARE_KNOTS))
        mild = np.isfinite(mesh) & melted(signals, fps)
        # What is left of features that melt looks dragged in single frames, long before the mesh loses them.
        dragged = weighing.of("smear").severity(signals, fps) >= VISIBLE
        told = np.fmax(weighing.of("collapsed").severity(signals, fps), np.where(dragged, VISIBLE, 0))
        return np.fmax(unknown, np.where(mild, told, 0))
    return np.where(signals["crispness_out"] >= _SHARP, severity(-mesh, _NEVER_CLEAR_KNOTS), 0)


SPEC = ModeSpec(
    "collapsed",
    "features melt, or nothing of the face is left",
    "rebuild what only melts from good frames; generate anew what is gone, unless something covers the face",
    find,
)
