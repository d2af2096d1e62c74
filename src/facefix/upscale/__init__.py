"""The upscalers by name. A new one is one file here and one line below."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from facefix.upscale import lanczos, realesrgan
from facefix.upscale.contract import SCALES, Upscaler, UpscalerSpec

UPSCALERS: Mapping[str, UpscalerSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            *realesrgan.SPECS,
            lanczos.SPEC,
        )
    }
)
"""Registered upscalers."""

__all__ = ["SCALES", "UPSCALERS", "Upscaler", "UpscalerSpec"]
