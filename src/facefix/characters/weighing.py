"""How large a departure is, as the severity of a drift: one number of what many differ by."""

from __future__ import annotations

import numpy as np

from facefix.characters import estrangement
from facefix.characters.shifts import Shift

_IDENTITY, _TONE, _NOISE = 0.96, 0.92, 0.18
"""Least squares of the injected severity over the identity distance and the change of skin tone, on people of the fit half
whose clips were cut into six parts, with and without drift (docs/consistency.md); `_NOISE` is what parts of one clip differ by.
Shape and proportions add nothing to these two: the identity network sees what they see."""
_PLAIN_TONE = 4.0
"""CIE Lab at which a change of the skin counts for two thirds of the most that it can."""


def severity(departure: Shift) -> float:
    """0..1, as `types.Finding.severity`; a tone that was not seen counts as none that changed."""
    identity, tone = (float(np.linalg.norm(change)) for change in (departure.identity, departure.tone))
    recoloured = 1 - np.exp(-tone / _PLAIN_TONE) if np.isfinite(tone) else 0.0
    return float(np.clip(_IDENTITY * identity + _TONE * recoloured - _NOISE, 0, 1))


def severity_from_pictures(departure: Shift, pictures: int) -> float:
    """The same of a departure from so many of a character's pictures: their light is another, so that a change of the skin can
    seldom be told, and who it is must do alone."""
    return max(severity(departure), estrangement.severity(float(np.linalg.norm(departure.identity)), pictures))
