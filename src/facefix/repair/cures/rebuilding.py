"""What cures share that rebuild: texture made of the frames that show the face at its best, put in its present pose."""

from __future__ import annotations

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair import placing
from facefix.repair.copying import copied
from facefix.repair.cures.contract import Patient, Sight
from facefix.repair.cures.fused import FusedCure, Values
from facefix.repair.restorers.anchored import ANCHORS
from facefix.repair.restorers.aside import Aside
from facefix.repair.scaling import threefold
from facefix.types import Placed

STEADY_FRAMES = 3
"""What is rebuilt is fused over so many frames to either side: what damage has left is another in every frame, and so is what a
network makes of it."""
_VISIBLE = 4 / 255
"""Change of a colour from which on a place counts as rebuilt in full. Elsewhere each frame keeps its own pixels, unblurred."""
_AROUND_PX = 9
"""Places are as large: a change that crosses zero is a change all the same."""


class RebuildingCure(FusedCure):
    """See `contract.Cure`. Without anchors, or without a network, it changes nothing."""

    def __init__(self, patient: Patient, copying: bool = True) -> None:
        """copying: whether an anchor's fine detail takes the place of a frame's own."""
        super().__init__(patient, STEADY_FRAMES, behind(patient))
        self._copying = copying
        self._aside = Aside()
        self._nearest: dict[int, Placed] = {}
        """Frame -> the anchor that is most like it, laid on it; where detail is copied."""

    def begun(self, sight: Sight) -> Values:
        # Neighbours of a wanted frame are rebuilt too: what is fused must be alike.
        patient = self.patient
        if patient.anchored is None or not rebuilds(patient):
            return lambda: sight.pixels
        placed = laid(patient, sight)
        if self._copying:
            self._nearest[sight.frame] = placed[0]
        # The features lie where they belong already: nothing is left to be guided.
        guide = np.zeros((1, placing.GRID_PX, placing.GRID_PX, 2), np.float32)
        rebuilt = self._aside.begin(patient.anchored.restore, sight.pixels[None], [placed], guide)
        return lambda: rebuilt.result().pixels[0]

    def values(self, sight: Sight) -> NDArray[float32]:
        return self.begun(sight)()

    def guide(self, pixels: NDArray[float32], made: NDArray[float32]) -> NDArray[float32]:
        del pixels
        return made

    def finished(self, sight: Sight, made: NDArray[float32], fused: NDArray[float32]) -> NDArray[float32]:
        pixels = sight.pixels
        rebuilt = cv2.blur(np.abs(made - pixels).max(-1), (_AROUND_PX, _AROUND_PX)) / _VISIBLE
        share = threefold(np.clip(rebuilt, 0, 1))
        steady = np.asarray(made + share * self.calmed(fused - made), float32)
        if (anchor := self._nearest.pop(sight.frame, None)) is not None:
            steady += share * copied(steady, anchor)
        # Frames before this one that were not wanted are not asked for any more.
        self._nearest = {frame: placed for frame, placed in self._nearest.items() if frame > sight.frame}
        return np.clip(pixels + self.taken(steady - pixels), 0, 1)

    def calmed(self, change: NDArray[float32]) -> NDArray[float32]:
        """(S, S, 3) what of the fusing is done to what was rebuilt: all of it."""
        return change

    def taken(self, change: NDArray[float32]) -> NDArray[float32]:
        """(S, S, 3) what is done to the crop of what was rebuilt: all of it."""
        return change


def rebuilds(patient: Patient) -> bool:
    """Whether there is something to rebuild its face from."""
    return patient.anchored is not None and bool(patient.anchors or patient.references)


def behind(patient: Patient) -> int:
    """Frames begun ahead: one is rebuilt while the one before is fused."""
    return int(rebuilds(patient))


def laid(patient: Patient, sight: Sight) -> list[Placed]:
    """What the restorer is given beside the face as it is seen: the most alike of its pictures, laid on it, best first."""
    chosen = nearest((*patient.anchors, *patient.around, *patient.references), sight.mesh, ANCHORS)
    seen = placing.drawn(sight.mesh, patient.triangles, len(sight.pixels))
    return [placing.place(a.pixels, a.mesh, sight.mesh, patient.triangles, seen=seen) for a in chosen]


def nearest(anchors: tuple[Sight, ...], mesh: NDArray[float32], count: int) -> list[Sight]:
    """Those whose pose and expression are most like this mesh's (478, 3)."""
    far = [placing.apart(a.mesh, mesh) for a in anchors]
    return [anchors[i] for i in np.argsort(far, kind="stable")[:count]]
