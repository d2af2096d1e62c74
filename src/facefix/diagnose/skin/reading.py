"""Crops in, expected severity of wax out: the skin reader for those who speak numpy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from facefix.diagnose import looks
from facefix.diagnose.skin.bands import bands
from facefix.models import zoo

WEIGHTS = "skin.safetensors"
SIGNAL = "wax"
SIGNALS: Mapping[str, str] = MappingProxyType({SIGNAL: "expected severity of wax as far as a single frame tells, 0..1"})
"""What a `Reader` tells of a track."""


class Reader(looks.Reader):
    """See `looks.Reader`; it looks at `bands`."""

    def __init__(self, device: str = "auto", path: Path | None = None) -> None:
        """path: weights, by default those that facefix brings along."""
        from facefix.diagnose.skin.network import SkinNetwork

        super().__init__(SkinNetwork(), path or zoo.checked(WEIGHTS), "the skin reader", bands, device)
