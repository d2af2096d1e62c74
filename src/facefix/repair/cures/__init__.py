"""The cures by the failure mode they treat, in the order they are applied: what is rebuilt, then time, then detail.

A new one is one file here and one line below.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from facefix.repair.cures import collapsed, drift, flicker, warp, waxy
from facefix.repair.cures.contract import Cure, CureSpec, Patient, Sight, Treated
from facefix.types import Finding

CURES: Mapping[str, CureSpec] = MappingProxyType(
    {spec.name: spec for spec in (collapsed.SPEC, warp.SPEC, drift.SPEC, flicker.SPEC, waxy.SPEC)}
)

__all__ = ["CURES", "Cure", "CureSpec", "Patient", "Sight", "Treated", "curable"]


def curable(finding: Finding) -> bool:
    """Whether there is a cure for it, and something left to be cured."""
    return finding.mode in CURES and not finding.lost
