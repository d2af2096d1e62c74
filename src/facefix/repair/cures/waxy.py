"""Waxy: the restorer's fine detail over the input's light and shape, then pores as rough as the face's own anchors.

Where all of a face is waxy, pictures of the person say how rough it is. Their colour is not taken: wax leaves a face its own,
and their light is another.
"""

from __future__ import annotations

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair.cures.contract import CureSpec, Patient, Sight
from facefix.repair.cures.fused import FusedCure, Values
from facefix.repair.detail import regrain, usual_texture

_STEADY_FRAMES = 3


class WaxyCure(FusedCure):
    """See `contract.Cure`. What the restorer adds is fused over time, so that it does not flicker."""

    def __init__(self, patient: Patient) -> None:
        super().__init__(patient, _STEADY_FRAMES, behind(patient))
        self._pores = usual_texture([a.pixels for a in patient.anchors or patient.references])

    def begun(self, sight: Sight) -> Values:
        answer = self.patient.restorer.ask(sight.pixels, self.patient.source_px)
        return lambda: answer() - sight.pixels

    def values(self, sight: Sight) -> NDArray[float32]:
        return self.begun(sight)()

    def finished(self, sight: Sight, made: NDArray[float32], fused: NDArray[float32]) -> NDArray[float32]:
        del made
        detailed = sight.pixels + fused
        if self._pores is not None:
            detailed = detailed + regrain(np.clip(detailed, 0, 1), self._pores, 1.0)
        return np.clip(detailed, 0, 1)


def behind(patient: Patient) -> int:
    """Frames begun ahead: two rounds but one, so that one is restored while the one before is fused."""
    return 2 * patient.restorer.size - 1


SPEC = CureSpec(
    name="waxy",
    describe="puts detail and grain back",
    look_ahead=lambda fps: _STEADY_FRAMES,
    eyes=0.8,
    mouth=0.8,
    start=WaxyCure,
    behind=behind,
    full_at=0.75,
)
