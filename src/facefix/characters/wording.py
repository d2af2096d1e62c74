"""A departure in plain words: what of a face is larger, longer or redder than it should be, where it is more than noise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from facefix.characters.shifts import Shift

_PROPORTIONS: Mapping[str, tuple[float, str, str]] = MappingProxyType(
    {
        "nose width": (0.14, "nose {} wider", "nose {} narrower"),
        "nose length": (0.054, "nose {} longer", "nose {} shorter"),
        "eye spacing": (0.04, "eyes {} further apart", "eyes {} closer together"),
        "eye width": (0.044, "eyes {} wider", "eyes {} narrower"),
        "brow height": (0.14, "brows {} higher", "brows {} lower"),
        "cheek width": (0.027, "cheeks {} wider", "cheeks {} narrower"),
        "jaw width": (0.033, "jaw {} wider", "jaw {} narrower"),
        "chin length": (0.59, "chin {} longer", "chin {} shorter"),
        "mouth width": (0.38, "mouth {} wider", "mouth {} narrower"),
        "lip distance": (0.68, "upper lip {} further from the nose", "upper lip {} nearer to the nose"),
        "face length": (0.12, "face {} longer", "face {} shorter"),
    }
)
"""Of each proportion the noise, as a log ratio, and the words for more and less. Noise here and below is one and a half times
the most that one of six parts of a clip, five frames of it, departed by from the others, on people of the fit half."""
_TONE = ((1.7, "skin lighter", "skin darker"), (1.0, "skin redder", "skin less red"), (1.0, "skin warmer", "skin cooler"))
"""Of each axis of CIE Lab likewise; less than 1 nobody sees."""
_TEXTURE = (0.56, "skin {} rougher", "skin {} smoother")
MOST = 4
"""Things said of one departure, the largest first."""


def sentences(departure: Shift) -> tuple[str, ...]:
    """Short clauses, the most telling first; none where all is within the noise."""
    told: list[tuple[float, str]] = []
    for change, (floor, more, less) in zip(departure.proportions, _PROPORTIONS.values(), strict=True):
        told.append((abs(change) / floor, (more if change > 0 else less).format(_percent(change))))
    for change, (floor, more, less) in zip(departure.tone, _TONE, strict=True):
        told.append((abs(change) / floor, more if change > 0 else less))
    floor, more, less = _TEXTURE
    told.append((abs(departure.texture) / floor, (more if departure.texture > 0 else less).format(_percent(departure.texture))))
    return tuple(text for excess, text in sorted(told, key=lambda one: -one[0]) if excess > 1)[:MOST]


def _percent(log_ratio: float) -> str:
    return f"{100 * abs(np.expm1(log_ratio)):.0f} %"


def measures(departure: Shift) -> dict[str, float | None]:
    """Every change by its name, for machines: proportions and texture in %, tone in CIE Lab; None where not measured."""
    told = {name: 100 * float(np.expm1(change)) for name, change in zip(_PROPORTIONS, departure.proportions, strict=True)}
    told |= {f"tone {axis}": float(change) for axis, change in zip("Lab", departure.tone, strict=True)}
    told["texture"] = 100 * float(np.expm1(departure.texture))
    return {name: round(value, 2) if np.isfinite(value) else None for name, value in told.items()}
