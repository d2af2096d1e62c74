"""The engines by name. A new one is one file here and one line below."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from facefix.errors import SettingsError
from facefix.jobs.engines import local, ray
from facefix.jobs.engines.contract import Audience, Engine, EngineSpec

ENGINES: Mapping[str, EngineSpec] = MappingProxyType({spec.name: spec for spec in (local.SPEC, ray.SPEC)})
"""Registered engines."""


def spec(name: str) -> EngineSpec:
    """The engine of that name. Raises SettingsError where there is none."""
    if name not in ENGINES:
        raise SettingsError(f"--engine {name}: choose from {', '.join(ENGINES)}.")
    return ENGINES[name]


def start(name: str, address: str | None) -> Engine:
    """That engine, ready to work. Raises SettingsError where there is none, or it cannot be had."""
    return spec(name).start(address)


__all__ = ["ENGINES", "Audience", "Engine", "EngineSpec", "spec", "start"]
