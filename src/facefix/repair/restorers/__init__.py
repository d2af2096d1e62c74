"""The restorers by name. A new one is one file here and one line below."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from facefix.repair.restorers import none, realesrgan
from facefix.repair.restorers.contract import Restorer, RestorerSpec
from facefix.repair.restorers.unwaxing import restoring as unwaxing

RESTORERS: Mapping[str, RestorerSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            none.SPEC,
            unwaxing.SPEC,
            realesrgan.SPEC,
        )
    }
)
"""Registered restorers."""


DEFAULT_RESTORER = unwaxing.SPEC.name
"""What `auto` means, on every device."""

__all__ = ["DEFAULT_RESTORER", "RESTORERS", "Restorer", "RestorerSpec"]
