"""The face detectors by name. A new one is one file here and one line below."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from facefix.faces.detectors import centerface, retinaface
from facefix.faces.detectors.contract import Detector, DetectorSpec
from facefix.models import devices, zoo

DETECTORS: Mapping[str, DetectorSpec] = MappingProxyType({spec.name: spec for spec in (centerface.SPEC, retinaface.SPEC)})
"""Registered detectors, the default first."""


def named(name: str, device: str) -> DetectorSpec:
    """The detector of that name. `auto` is RetinaFace where its weights were fetched and a GPU is there, else CenterFace.

    On two cores RetinaFace takes some thirty times as long, and every frame of a clip is looked at.
    Raises SettingsError where there is no such device.
    """
    if name != "auto":
        return DETECTORS[name]
    fast = zoo.installed(retinaface.SPEC.files) and devices.resolve(device).type != "cpu"
    return retinaface.SPEC if fast else centerface.SPEC


__all__ = ["DETECTORS", "Detector", "DetectorSpec", "named"]
