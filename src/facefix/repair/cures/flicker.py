"""Flicker: every piece of skin is replaced by a line through its own path over the neighbouring frames.

What flickers in the features' places has been taken out before (`faces.mesh.straightening`); this takes care of colour. The
finest detail stays each frame's own, and pores that fusion has blurred come back as rough as the anchors': skin that loses
its grain for half a second is seen at once.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair.cures.contract import CureSpec, Patient, Sight
from facefix.repair.cures.fused import FusedCure
from facefix.repair.detail import regrain, usual_texture

OWN_DETAIL = 0.003
"""Sigma, as a share of the crop's side, of the detail that is never fused: the mesh does not follow skin more exactly."""


class FlickerCure(FusedCure):
    """See `contract.Cure`."""

    def __init__(self, patient: Patient) -> None:
        super().__init__(patient, radius(patient.fps))
        self._pores = usual_texture([a.pixels for a in patient.anchors])

    def values(self, sight: Sight) -> NDArray[float32]:
        return sight.pixels

    def finished(self, pixels: NDArray[float32], fused: NDArray[float32]) -> NDArray[float32]:
        change = cv2.GaussianBlur(fused - pixels, (0, 0), OWN_DETAIL * pixels.shape[0])
        out = np.clip(pixels + change, 0, 1).astype(np.float32)
        return out if self._pores is None else np.clip(out + regrain(out, self._pores, 1.0), 0, 1)


def radius(fps: float) -> int:
    """+-0.15 s: boiling is new in every frame, so a few are enough, and speech is not smeared."""
    return max(3, round(0.15 * fps))


SPEC = CureSpec(
    name="flicker",
    describe="fuses the frames along the skin",
    look_ahead=radius,
    eyes=0.8,
    mouth=0.7,
    start=FlickerCure,
    full_at=0.75,
)
