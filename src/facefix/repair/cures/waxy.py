"""Waxy: the restorer's fine detail over the input's light and shape, then pores as rough as the face's own anchors."""

from __future__ import annotations

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair.cures.contract import CureSpec, Patient, Treated
from facefix.repair.detail import TextureStats, mean_stats, moderate, regrain, texture_stats
from facefix.repair.fusion import Fuser, Recipe

_RECIPE = Recipe(radius=3, careful=False, places=False)


class WaxyCure:
    """See `contract.Cure`. What the restorer adds is fused over time, so that it does not flicker."""

    def __init__(self, patient: Patient) -> None:
        self._patient = patient
        self._reference = _reference(patient)
        self._fuser = Fuser(_RECIPE)
        self._crops: dict[int, tuple[NDArray[float32], bool]] = {}

    def push(self, frame: int, crop: NDArray[float32], wanted: bool = True) -> list[Treated]:
        restored = self._patient.restorer.restore(crop[None], self._patient.source_px)[0]
        self._crops[frame] = crop, wanted
        residual = moderate(crop, restored, 1.0)
        return [self._textured(f.frame, f.values) for f in self._fuser.push(frame, residual, crop, wanted)]

    def flush(self) -> list[Treated]:
        return [self._textured(f.frame, f.values) for f in self._fuser.flush()]

    def _textured(self, frame: int, residual: NDArray[float32]) -> Treated:
        crop, wanted = self._crops.pop(frame)
        if not wanted:
            return frame, crop
        detailed = crop + residual
        if self._reference is not None:
            detailed = detailed + regrain(np.clip(detailed, 0, 1), self._reference, 1.0)
        return frame, np.clip(detailed, 0, 1)


def _reference(patient: Patient) -> TextureStats | None:
    return mean_stats([texture_stats(anchor) for anchor in patient.anchors]) if patient.anchors else None


SPEC = CureSpec(
    name="waxy",
    describe="puts detail and grain back",
    look_ahead=lambda fps: _RECIPE.radius,
    eyes=0.4,
    mouth=0.4,
    start=WaxyCure,
)
