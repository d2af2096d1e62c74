"""What warp and drift share: texture rebuilt from the frames that show the face at its best, put in its present pose."""

from __future__ import annotations

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair import placing
from facefix.repair.cures.contract import Patient, Sight
from facefix.repair.cures.fused import FusedCure
from facefix.repair.restorers.anchored import ANCHORS

STEADY_FRAMES = 2
"""What is rebuilt is fused over so many frames to either side, so that it does not flicker."""


class RebuildingCure(FusedCure):
    """See `contract.Cure`. Without anchors, or without a network, it changes nothing."""

    def __init__(self, patient: Patient) -> None:
        super().__init__(patient, STEADY_FRAMES)

    def values(self, sight: Sight) -> NDArray[float32]:
        # Neighbours of a wanted frame are rebuilt too: what is fused must be alike.
        return self._rebuilt(sight) - sight.pixels

    def finished(self, pixels: NDArray[float32], fused: NDArray[float32]) -> NDArray[float32]:
        return np.clip(pixels + fused, 0, 1)

    def _rebuilt(self, sight: Sight) -> NDArray[float32]:
        patient = self.patient
        if patient.anchored is None or not (patient.anchors or patient.references):
            return sight.pixels
        chosen = nearest((*patient.anchors, *patient.references), sight.mesh, ANCHORS)
        placed = [placing.place(a.pixels, a.mesh, sight.mesh, patient.triangles) for a in chosen]
        # The features lie where they belong already: nothing is left to be guided.
        guide = np.zeros((1, placing.GRID_PX, placing.GRID_PX, 2), np.float32)
        return patient.anchored.restore(sight.pixels[None], [placed], guide).pixels[0]


def nearest(anchors: tuple[Sight, ...], mesh: NDArray[float32], count: int) -> list[Sight]:
    """Those whose pose and expression are most like this mesh's (478, 3)."""
    far = [float(np.abs(placing.fit(a.mesh, mesh, rounds=1) - mesh)[:, :2].mean()) for a in anchors]
    return [anchors[i] for i in np.argsort(far, kind="stable")[:count]]
