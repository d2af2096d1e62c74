"""The face detectors by name. A new one is one file here and one line below."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from facefix.faces.detectors import centerface
from facefix.faces.detectors.contract import Detector, DetectorSpec

DETECTORS: Mapping[str, DetectorSpec] = MappingProxyType({spec.name: spec for spec in (centerface.SPEC,)})
"""Registered detectors, the default first."""

__all__ = ["DETECTORS", "Detector", "DetectorSpec"]
