"""Crops in, expected severity of torn, dragged or bent features out: the smear reader for those who speak numpy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from facefix.diagnose import looks
from facefix.models import zoo

WEIGHTS = "smear.safetensors"
SIGNAL = "smear"
SIGNALS: Mapping[str, str] = MappingProxyType(
    {SIGNAL: "expected severity of torn, dragged or bent features as far as a single frame tells, 0..1"}
)
"""What a `Reader` tells of a track."""


class Reader(looks.Reader):
    """See `looks.Reader`; it looks at pictures of 128 x 128, `network.seen`."""

    def __init__(self, device: str = "auto", path: Path | None = None) -> None:
        """path: weights, by default those that facefix brings along."""
        from facefix.diagnose.smear.network import SmearNetwork, seen

        super().__init__(SmearNetwork(), path or zoo.checked(WEIGHTS), "the smear reader", seen, device)
