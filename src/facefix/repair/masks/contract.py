"""What every parser of faces promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from numpy import float32
from numpy.typing import NDArray

from facefix.models.backend import Backend

SHOWN_PX = 128
"""Side of the maps that say where a crop shows its face: a cell is 4 px of the largest crop."""


class Parser(Protocol):
    """Tells a face from what is in front of it. May hold a network, so build it once and keep it; not thread-safe."""

    def shown(self, crops: Sequence[NDArray[float32]]) -> NDArray[float32]:
        """N aligned crops (S, S, 3) RGB 0..1, of any sides -> (N, SHOWN_PX, SHOWN_PX) 0..1: how surely each place shows skin or
        features; the same crop always gives the same map."""
        ...


MaskSpec = Backend[Parser | None]
"""A registered kind of mask; None parses nothing."""
