"""What every restorer promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from numpy import float32
from numpy.typing import NDArray

from facefix.models.backend import Backend


class Restorer(Protocol):
    """Redraws detail in aligned face crops. May hold a network, so build it once and keep it; not thread-safe."""

    def restore(self, crops: NDArray[float32], source_px: float | Sequence[float]) -> NDArray[float32]:
        """(N, S, S, 3) RGB 0..1 -> the same shape and range; the same crops always give the same result.

        source_px: how many source pixels the crop's side spans, one number for all crops or one for each. A crop of S = 512
        whose `source_px` is 200 holds no more than 200 pixels' worth of detail. Keep it constant over a track: a change of it
        is a change of look.
        """
        ...


@dataclass(frozen=True)
class RestorerSpec(Backend[Restorer]):
    """A registered restorer."""

    invents: bool = False
    """Whether it draws what it does not see, so that a face may come out as another's: then its repairs are tried first."""
