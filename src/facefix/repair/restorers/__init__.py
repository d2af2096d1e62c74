"""The restorers by name. A new one is one file here and one line below."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from facefix.models import zoo
from facefix.repair.restorers import gfpgan, none, realesrgan
from facefix.repair.restorers.contract import Restorer, RestorerSpec
from facefix.repair.restorers.unwaxing import restoring as unwaxing

RESTORERS: Mapping[str, RestorerSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            none.SPEC,
            unwaxing.SPEC,
            gfpgan.SPEC,
            realesrgan.SPEC,
        )
    }
)
"""Registered restorers."""


FAITHFUL = unwaxing.SPEC
"""Its weights come along, and it makes nobody another: in the place of one that would."""


def named(name: str) -> RestorerSpec:
    """The restorer of that name; `auto` is GFPGAN where its weights were fetched, else `FAITHFUL`."""
    if name != "auto":
        return RESTORERS[name]
    return gfpgan.SPEC if zoo.installed(gfpgan.SPEC.files) else FAITHFUL


__all__ = ["FAITHFUL", "RESTORERS", "Restorer", "RestorerSpec", "named"]
