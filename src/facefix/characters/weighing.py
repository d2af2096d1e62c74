"""How large a departure is, as the severity of a drift: one number of what many differ by."""

from __future__ import annotations

import numpy as np

from facefix.characters.shifts import Shift

_IDENTITY, _SHAPE, _TONE, _TEXTURE = 0.6, 0.03, 0.04, 0.2
_BIAS = -0.2


def severity(departure: Shift) -> float:
    """0..1, as `types.Finding.severity`; what was not measured counts as no departure."""
    tone = float(np.linalg.norm(departure.tone))
    texture = abs(departure.texture)
    value = (
        _BIAS
        + _IDENTITY * float(np.linalg.norm(departure.identity))
        + _SHAPE * float(np.linalg.norm(departure.shape))
        + _TONE * (tone if np.isfinite(tone) else 0.0)
        + _TEXTURE * (texture if np.isfinite(texture) else 0.0)
    )
    return float(np.clip(value, 0, 1))
