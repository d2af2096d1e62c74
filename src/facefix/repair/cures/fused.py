"""What all cures share: something is made of every frame, fused along the skin, and put to use in the frame it belongs to."""

from __future__ import annotations

from abc import ABC, abstractmethod

from numpy import float32
from numpy.typing import NDArray

from facefix.repair.cures.contract import Patient, Sight, Treated
from facefix.repair.fusion import Fuser, Mixer


class FusedCure(ABC):
    """See `contract.Cure`. Frames that are not wanted come back as they came, but their neighbours are fused with them."""

    def __init__(self, patient: Patient, radius: int, mixer: Mixer | None = None) -> None:
        """radius: frames looked at on either side. mixer: says what a frame should be; by default `fusion.Regression`."""
        self.patient = patient
        self._fuser = Fuser(patient.usual, patient.triangles, radius, mixer)
        self._pixels: dict[int, tuple[NDArray[float32], bool]] = {}

    @abstractmethod
    def values(self, sight: Sight) -> NDArray[float32]:
        """(S, S, 3) what is to be fused: the crop, or what is to be added to it."""

    @abstractmethod
    def finished(self, pixels: NDArray[float32], fused: NDArray[float32]) -> NDArray[float32]:
        """(S, S, 3) RGB 0..1, treated, of the crop as it came and the fused values."""

    def push(self, sight: Sight, wanted: bool = True) -> list[Treated]:
        self._pixels[sight.frame] = sight.pixels, wanted
        fused = self._fuser.push(sight.frame, self.values(sight), sight.pixels, sight.mesh, wanted)
        return [self._treated(f.frame, f.values) for f in fused]

    def flush(self) -> list[Treated]:
        return [self._treated(f.frame, f.values) for f in self._fuser.flush()]

    def _treated(self, frame: int, fused: NDArray[float32]) -> Treated:
        pixels, wanted = self._pixels.pop(frame)
        return frame, self.finished(pixels, fused) if wanted else pixels
