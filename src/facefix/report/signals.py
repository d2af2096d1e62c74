"""Which signals are shown together, under which name, and on what scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.types import Signals

_BEST_PERCENTILE = 80


@dataclass(frozen=True, slots=True)
class Group:
    """Signals that share an axis."""

    title: str
    unit: str
    signals: Mapping[str, str]
    """Name -> what readers know it as."""
    modes: tuple[str, ...]
    """Failure modes that are read from these signals."""
    top: float | None = None
    """The axis goes from 0 at least so far up; None: as far as the values."""
    shares: bool = False
    """Shown as a share of the level that the track reaches in its best fifth of frames."""


GROUPS = (
    Group(
        "Read by networks",
        "0..1",
        {
            "shape_warp": "warp",
            "shape_drift": "drift",
            "shape_flicker": "flicker",
            "wax": "wax",
            "smear": "smear",
            "look_drift": "looks",
        },
        ("warp", "drift", "flicker", "waxy"),
        1.0,
    ),
    Group(
        "Off its place",
        "% of eye distance",
        {"off_nose": "nose", "off_right_eye": "right eye", "off_left_eye": "left eye", "off_mouth": "mouth", "off_jaw": "jaw"},
        ("warp",),
    ),
    Group("Unforeseen shape", "nats", {"unforeseen": "shape"}, ("warp",)),
    Group("Flicker", "%", {"boil": "boil", "shading": "shading", "flash": "surroundings"}, ("flicker",)),
    Group(
        "Detail",
        "share of its best",
        {"detail": "skin", "crispness": "features", "crispness_out": "surroundings"},
        ("waxy",),
        1.5,
        shares=True,
    ),
    Group("Identity distance", "to the early frames", {"identity_distance": "identity"}, ("drift",), 0.8),
    Group("Departure", "from its first second, 0..1", {"departure": "departure"}, ("drift",), 1.0),
    Group("Seen", "0..1", {"score": "detector", "mesh": "mesh"}, ("collapsed",), 1.0),
    Group("Pose", "degrees", {"yaw": "yaw", "pitch": "pitch", "roll": "roll"}, ()),
)


def telling(mode: str) -> str | None:
    """The signal whose peak says where a finding of that mode is worst; None where none does."""
    return {"warp": "shape_warp", "drift": "departure", "flicker": "shape_flicker", "waxy": "wax"}.get(mode)


def shown(group: Group, signals: Signals) -> dict[str, NDArray[float32]]:
    """The signals of a group that were measured at all, as they are to be shown: name for readers -> (frames,), NaN in gaps."""
    found = {}
    for name, label in group.signals.items():
        values = np.asarray(signals.get(name, ()), float32)
        known = np.isfinite(values)
        if known.any():
            best = max(float(np.percentile(values[known], _BEST_PERCENTILE)), 1e-6) if group.shares else 1.0
            found[label] = values / float32(best)
    return found
