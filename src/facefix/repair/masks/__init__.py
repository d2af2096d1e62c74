"""The kinds of masks by name. A new one is one file here and one line below."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from facefix.models import devices, zoo
from facefix.repair.masks import parsenet, points
from facefix.repair.masks.contract import MaskSpec, Parser

MASKS: Mapping[str, MaskSpec] = MappingProxyType({spec.name: spec for spec in (points.SPEC, parsenet.SPEC)})
"""Registered kinds, the one that needs nothing first."""


def named(name: str, device: str) -> MaskSpec:
    """The kind of that name. `auto` is ParseNet where its weights were fetched and a GPU is there, else the points alone.

    On a CPU ParseNet takes about a second a face and frame. Raises SettingsError where there is no such device.
    """
    if name != "auto":
        return MASKS[name]
    fast = zoo.installed(parsenet.SPEC.files) and devices.resolve(device).type != "cpu"
    return parsenet.SPEC if fast else points.SPEC


__all__ = ["MASKS", "MaskSpec", "Parser", "named"]
