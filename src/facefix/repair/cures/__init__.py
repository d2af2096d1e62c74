"""The cures by the failure mode they treat, in the order they are applied: geometry, then time, then detail.

A new one is one file here and one line below.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from facefix.repair.cures import flicker, warp, waxy
from facefix.repair.cures.contract import Cure, CureSpec, Patient, Treated

CURES: Mapping[str, CureSpec] = MappingProxyType({spec.name: spec for spec in (warp.SPEC, flicker.SPEC, waxy.SPEC)})

__all__ = ["CURES", "Cure", "CureSpec", "Patient", "Treated"]
