"""Waxy: the face holds together but its skin has lost all fine detail, while hair and eyes stay sharp.

Some skin is smooth, by nature or by make-up, and then it is so in all of the shot. So what hardly ever ends must be visible at
once to count; what comes and goes must be visible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facefix.diagnose import weighing
from facefix.diagnose.features import calm, melted, obstructed
from facefix.diagnose.spans import OBVIOUS, ModeSpec, own_confidence, passing, runs, whole, worst
from facefix.types import Finding, Signals, Span

_MIN_FACE_PX = 60
"""Below, skin shows no pores in any footage: not measurable."""
_HOLDS = 0.935
"""Share of its own confidence that the mesh keeps in waxy faces; where it keeps less, features melt too, and it is no wax."""
_CRISP = 0.9
"""Crispness that eyes and brows, or hair and what is around, must have: of eight fitted people, faces of 75 to 160 px, one of
them had 0.94 and more in every frame, and in their waxy faces 1.07. Three faces out of focus in a generated clip had 0.4 to
0.8: such a picture shows no pores."""
_ALWAYS = 0.8
"""Share of the frames in which skin is seen from which on it is waxy all the time."""


def find(signals: Signals, fps: float) -> list[Finding]:
    # What begins to melt, or is back at once, has lost its pores as well.
    melting = (signals["mesh"] < _HOLDS * own_confidence(signals["mesh"])) | passing(melted(signals, fps), fps)
    blurred = calm(np.fmax(signals["crispness"], signals["crispness_out"]), fps / 3) < _CRISP
    unseen = (signals["face_px"] < _MIN_FACE_PX) | melting | blurred | obstructed(signals, fps)
    curve = np.where(unseen, np.nan, weighing.of("waxy").severity(signals, fps))
    spans = _runs(curve, fps)
    if sum(map(len, spans)) >= _ALWAYS * np.isfinite(curve).sum():
        spans = _runs(np.where(curve >= OBVIOUS, curve, np.nan), fps)
    found = []
    for span in spans:
        wax = float(np.median(signals["wax"][span.start : span.end]))
        why = f"the skin lacks the fine detail that hair, brows and eyes in the same frames have (wax {wax:.2f} of 1)."
        found.append(Finding("waxy", -1, whole(curve, span, fps), worst(curve, span), why, {"wax": round(wax, 3)}))
    return found


def _runs(curve: NDArray[np.float32], fps: float) -> list[Span]:
    return runs(curve, min_frames=max(4, round(fps / 4)), bridge=round(fps / 2))


SPEC = ModeSpec("waxy", "skin is poreless and glossy", "put detail and grain back, moderately", find)
