"""Markers for editors: one file per format, one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from facefix.errors import SettingsError
from facefix.report.markers import edl, fcp7, fcpxml, otio
from facefix.report.markers.marking import Marked

FORMATS: Mapping[str, Callable[[Marked], str]] = MappingProxyType(
    {".otio": otio.text, ".edl": edl.text, ".fcpxml": fcpxml.text, ".xml": fcp7.text}
)
"""By suffix: what makes the text of the file. Raises OutputError where the format cannot hold the clip."""
DEFAULT = ".otio"


def writer(path: Path) -> Callable[[Marked], str]:
    """What makes the text of a file of this name. Raises SettingsError where the suffix is none of them."""
    if path.suffix.lower() not in FORMATS:
        raise SettingsError(f"--markers {path}: name a file that ends in {', '.join(FORMATS)}, or a folder.")
    return FORMATS[path.suffix.lower()]
