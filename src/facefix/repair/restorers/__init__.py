"""The restorers by name. A new one is one file here and one line below."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from facefix.repair.restorers import none, realesrgan
from facefix.repair.restorers.contract import Restorer, RestorerSpec

RESTORERS: Mapping[str, RestorerSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            none.SPEC,
            realesrgan.SPEC,
        )
    }
)
"""Registered restorers."""


def default_restorer(device: str) -> str:
    """What `auto` means: a network where there is a GPU to run it; on a CPU it takes seconds a frame, so none."""
    if device == "cpu":
        return "none"
    from torch import cuda

    return "realesrgan" if cuda.is_available() else "none"


__all__ = ["RESTORERS", "Restorer", "RestorerSpec", "default_restorer"]
