"""Waxy: the restorer's fine detail over the input's light and shape, then pores as rough as the face's own anchors."""

from __future__ import annotations

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair.cures.contract import CureSpec, Patient, Sight, Treated
from facefix.repair.detail import TextureStats, mean_stats, regrain, texture_stats
from facefix.repair.fusion import Fuser

_STEADY_FRAMES = 3


class WaxyCure:
    """See `contract.Cure`. What the restorer adds is fused over time, so that it does not flicker."""

    def __init__(self, patient: Patient) -> None:
        self._patient = patient
        self._reference = _reference(patient)
        self._fuser = Fuser(patient.usual, patient.triangles, _STEADY_FRAMES)
        self._pixels: dict[int, tuple[NDArray[float32], bool]] = {}

    def push(self, sight: Sight, wanted: bool = True) -> list[Treated]:
        restored = self._patient.restorer.restore(sight.pixels[None], self._patient.source_px)[0]
        self._pixels[sight.frame] = sight.pixels, wanted
        residual = restored - sight.pixels
        fused = self._fuser.push(sight.frame, residual, sight.pixels, sight.mesh, wanted)
        return [self._textured(f.frame, f.values) for f in fused]

    def flush(self) -> list[Treated]:
        return [self._textured(f.frame, f.values) for f in self._fuser.flush()]

    def _textured(self, frame: int, residual: NDArray[float32]) -> Treated:
        pixels, wanted = self._pixels.pop(frame)
        if not wanted:
            return frame, pixels
        detailed = pixels + residual
        if self._reference is not None:
            detailed = detailed + regrain(np.clip(detailed, 0, 1), self._reference, 1.0)
        return frame, np.clip(detailed, 0, 1)


def _reference(patient: Patient) -> TextureStats | None:
    return mean_stats([texture_stats(anchor.pixels) for anchor in patient.anchors]) if patient.anchors else None


SPEC = CureSpec(
    name="waxy",
    describe="puts detail and grain back",
    look_ahead=lambda fps: _STEADY_FRAMES,
    eyes=0.8,
    mouth=0.8,
    start=WaxyCure,
    full_at=0.75,
)
