"""What every face detector promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from facefix.models.backend import Backend
from facefix.types import Face, Pixels


class Detector(Protocol):
    """Finds faces in pictures. May hold a network, so build it once and keep it; not thread-safe."""

    def detect(self, pictures: Sequence[Pixels], frames: Sequence[int]) -> list[list[Face]]:
        """One list of faces per picture, best score first.

        pictures: (H, W, 3) RGB, uint8 or uint16, of any sizes; several are taken for frames that follow one another, in
        which a detector may look more closely at the first than at the rest. frames: the frame index of each picture,
        copied into `Face.frame`. Boxes and points are in pixels of the picture given, with the centre
        of its top-left pixel at (0, 0); they may reach outside a picture that cuts a face off.
        Raises ValueError where the two sequences differ in length or a picture is no such array.
        """
        ...


DetectorSpec = Backend[Detector]
