"""Drift: after its shape was put back, the face gets the tone and texture of the frames in which it was itself.

A drifting face is never broken: its detail is sound, only its shape and tone are another's. So where pictures of the person
say what the shape is, pixels are moved all the way there beforehand, and what is rebuilt gives light and colour alone: the
network's blur would cost as much likeness as a third of the drift. And what is rebuilt keeps the detail of its frame: only its
light and colour are fused with the frames around.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair.cures.contract import CureSpec, Patient
from facefix.repair.cures.rebuilding import STEADY_FRAMES, RebuildingCure, behind

_COARSE = 0.02
"""Sigma, as a share of the crop's side, above which light and colour are taken: about a fifth of an eye's width."""


class DriftCure(RebuildingCure):
    """See `contract.Cure`."""

    def __init__(self, patient: Patient) -> None:
        super().__init__(patient, copying=False)

    def calmed(self, change: NDArray[float32]) -> NDArray[float32]:
        return _coarse(change)

    def taken(self, change: NDArray[float32]) -> NDArray[float32]:
        return _coarse(change) if self.patient.references else change


def _coarse(change: NDArray[float32]) -> NDArray[float32]:
    return np.asarray(cv2.GaussianBlur(change, (0, 0), _COARSE * change.shape[0]), float32)


SPEC = CureSpec(
    name="drift",
    describe="gives the face its shape, tone and texture of before",
    look_ahead=lambda fps: STEADY_FRAMES,
    eyes=0.8,
    mouth=0.6,
    start=DriftCure,
    behind=behind,
    rebuilds=True,
    full_at=0.75,
)
