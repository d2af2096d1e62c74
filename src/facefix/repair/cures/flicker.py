"""Flicker: every piece of skin is replaced by the mean of those frames around that can speak for it.

What flickers in the features' places has been taken out before (`faces.mesh.straightening`); this takes care of colour. Fine
detail that the mesh does not follow stays each frame's own, and pores that fusion has blurred come back as rough as the
anchors': skin that loses its grain for half a second is seen at once.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair.calming import Calming
from facefix.repair.cures.contract import CureSpec, Patient, Sight
from facefix.repair.cures.fused import FusedCure
from facefix.repair.detail import regrain, usual_texture

OWN_DETAIL = 0.002
"""Sigma, as a share of the crop's side, of the detail that is never fused: the mesh does not follow skin more exactly."""


class FlickerCure(FusedCure):
    """See `contract.Cure`."""

    def __init__(self, patient: Patient) -> None:
        mixer = Calming(patient.usual, patient.points, patient.side, _reach(patient.fps))
        super().__init__(patient, radius(patient.fps), mixer=mixer)
        self._pores = usual_texture([a.pixels for a in patient.anchors])

    def values(self, sight: Sight) -> NDArray[float32]:
        return sight.pixels

    def finished(self, pixels: NDArray[float32], made: NDArray[float32], fused: NDArray[float32]) -> NDArray[float32]:
        del made
        change = cv2.GaussianBlur(fused - pixels, (0, 0), OWN_DETAIL * pixels.shape[0])
        out = np.clip(pixels + change, 0, 1).astype(np.float32)
        return out if self._pores is None else np.clip(out + regrain(out, self._pores, 1.0), 0, 1)


def radius(fps: float) -> int:
    """+-0.3 s: boiling is new in every frame, but the light of some of these frames is not that of the face as it is held."""
    return max(6, round(0.3 * fps))


def _reach(fps: float) -> int:
    """+-0.2 s for all but the light, so that speech is not smeared."""
    return max(4, round(0.2 * fps))


SPEC = CureSpec(
    name="flicker",
    describe="fuses the frames along the skin",
    look_ahead=radius,
    eyes=0.9,
    mouth=0.7,
    start=FlickerCure,
    full_at=0.6,
    firm=True,
)
