"""How large a departure is, as the severity of a drift: one number of what many differ by."""

from __future__ import annotations

import numpy as np

from facefix.characters.shifts import Shift

_IDENTITY, _SHAPE, _TONE = 0.70, 0.014, 0.6
_NOISE = 0.222
"""Non-negative least squares of the injected severity over the norms of each, on the fit half of the people that `bench
--characters` cuts up (six parts each, with and without drift); `_NOISE` is what parts of one clip differ by."""
_PLAIN_TONE = 3.0
"""CIE Lab at which a change of the skin counts for two thirds of the most that it can: colour alone makes nobody another."""


def severity(departure: Shift) -> float:
    """0..1, as `types.Finding.severity`; a tone that was not seen counts as none that changed."""
    identity, shape, tone = (float(np.linalg.norm(v)) for v in (departure.identity, departure.shape, departure.tone))
    recoloured = 1 - np.exp(-tone / _PLAIN_TONE) if np.isfinite(tone) else 0.0
    return float(np.clip(_IDENTITY * identity + _SHAPE * shape + _TONE * recoloured - _NOISE, 0, 1))
