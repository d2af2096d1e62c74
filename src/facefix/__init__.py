"""Diagnoses and repairs faces in AI-generated video. The command line and this small API do the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facefix.errors import FacefixError
    from facefix.pipeline import Report, analyse, render, repair
    from facefix.plan import Plan
    from facefix.settings import Settings
    from facefix.types import Analysis

__version__ = "0.1.0"
__all__ = ["Analysis", "FacefixError", "Plan", "Report", "Settings", "__version__", "analyse", "render", "repair"]

_HOME = {
    "Analysis": "facefix.types",
    "FacefixError": "facefix.errors",
    "Plan": "facefix.plan",
    "Report": "facefix.pipeline",
    "Settings": "facefix.settings",
    "analyse": "facefix.pipeline",
    "render": "facefix.pipeline",
    "repair": "facefix.pipeline",
}


def __getattr__(name: str) -> Any:
    """Import on first use: `facefix --help` must not wait for OpenCV and torch."""
    if name not in _HOME:
        raise AttributeError(f"module 'facefix' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
