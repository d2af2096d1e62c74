"""The restorer that changes nothing: faces are still fused over time and regrained, never redrawn."""

from __future__ import annotations

from collections.abc import Sequence

from numpy import float32
from numpy.typing import NDArray

from facefix.repair.restorers.contract import RestorerSpec


class Unchanged:
    """Gives back what it got."""

    def restore(self, crops: NDArray[float32], source_px: float | Sequence[float]) -> NDArray[float32]:
        """The crops themselves."""
        return crops


SPEC = RestorerSpec(
    name="none",
    describe="Redraws nothing: repairs use only what other frames of the same shot show.",
    licence="-",
    load=lambda device: Unchanged(),
)
