"""What every cure promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from numpy import float32
from numpy.typing import NDArray

from facefix.repair.restorers import Restorer

Treated = tuple[int, NDArray[float32]]
"""A frame and its crop (S, S, 3), RGB 0..1, at full strength of the cure."""


class Cure(Protocol):
    """Treats the crops of one track as they stream by. Built anew for every stretch of treated frames."""

    def push(self, frame: int, crop: NDArray[float32], wanted: bool = True) -> list[Treated]:
        """Take the next frame's crop (S, S, 3) RGB 0..1, give those frames whose look-ahead is complete.

        wanted: False where the result will not be used, so that the work can be saved.
        """
        ...

    def flush(self) -> list[Treated]:
        """Give the frames still held back."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """What a cure may know of the track it treats."""

    restorer: Restorer
    anchors: tuple[NDArray[float32], ...]
    """Crops (S, S, 3) of this face at its best, best first; may be empty."""
    source_px: float
    """Source pixels a crop's side spans: the track's median."""
    fps: float


@dataclass(frozen=True, slots=True)
class CureSpec:
    """A registered cure; it treats the failure mode of the same name."""

    name: str
    describe: str
    look_ahead: Callable[[float], int]
    """Frames a crop is held back at most, for a frame rate."""
    eyes: float
    mouth: float
    """Shares of the strength that eyes and mouth get."""
    start: Callable[[Patient], Cure]
