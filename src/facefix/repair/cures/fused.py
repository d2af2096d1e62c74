"""What all cures share: something is made of every frame, fused along the skin, and put to use in the frame it belongs to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from functools import partial

from numpy import float32
from numpy.typing import NDArray

from facefix.repair.cures.contract import Patient, Sight, Treated
from facefix.repair.fusion import Fused, Fuser, Mixer

Values = Callable[[], NDArray[float32]]


class FusedCure(ABC):
    """See `contract.Cure`. Frames that are not wanted come back as they came, but their neighbours are fused with them."""

    def __init__(self, patient: Patient, radius: int, behind: int = 0, mixer: Mixer | None = None) -> None:
        """
        Args:
            radius: frames looked at on either side.
            behind: frames that are begun before the values of the first of them are asked for.
            mixer: says what a frame should be; by default `fusion.Regression`.
        """
        self.patient = patient
        self._behind = behind
        self._fuser = Fuser(patient.usual, patient.triangles, radius, mixer)
        self._begun: deque[tuple[Sight, bool, Values]] = deque()
        self._made: dict[int, tuple[Sight, NDArray[float32], bool]] = {}
        """Frame -> the face as it came, the values that were made of it, whether it is wanted."""

    @abstractmethod
    def values(self, sight: Sight) -> NDArray[float32]:
        """(S, S, 3) what is to be fused: the crop, or what is to be added to it."""

    @abstractmethod
    def finished(self, sight: Sight, made: NDArray[float32], fused: NDArray[float32]) -> NDArray[float32]:
        """(S, S, 3) RGB 0..1, treated, of the face as it came, the values made of it, and these fused with its neighbours'."""

    def guide(self, pixels: NDArray[float32], made: NDArray[float32]) -> NDArray[float32]:
        """(S, S, 3) RGB 0..1, of those two, by which frames are weighed against each other: the crop as it came."""
        del made
        return pixels

    def begun(self, sight: Sight) -> Values:
        """Begin to make the values of a frame; gives them when called."""
        return partial(self.values, sight)

    def push(self, sight: Sight, wanted: bool = True) -> list[Treated]:
        self._begun.append((sight, wanted, self.begun(sight)))
        return self._treated(self._fused(self._behind))

    def flush(self) -> list[Treated]:
        return self._treated([*self._fused(0), *self._fuser.flush()])

    def _fused(self, left: int) -> list[Fused]:
        """Hand on what was begun, but for the last `left` frames."""
        fused = []
        while len(self._begun) > left:
            sight, wanted, values = self._begun.popleft()
            made = values()
            self._made[sight.frame] = sight, made, wanted
            fused += self._fuser.push(sight.frame, made, self.guide(sight.pixels, made), sight.mesh, wanted)
        return fused

    def _treated(self, fused: list[Fused]) -> list[Treated]:
        treated = []
        for one in fused:
            sight, made, wanted = self._made.pop(one.frame)
            treated.append((one.frame, self.finished(sight, made, one.values) if wanted else sight.pixels))
        return treated
