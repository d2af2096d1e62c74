"""What was measured of a face in one frame: what everything else in this package compares."""

from __future__ import annotations

from dataclasses import dataclass

from numpy import float32
from numpy.typing import NDArray

from facefix.types import Pose


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One face in one frame."""

    frame: int
    face_px: float
    pose: Pose
    identity: NDArray[float32]
    """(128,) embedding."""
    shape: NDArray[float32]
    """(K,) whose shape the mesh has, as `faces.mesh.shape.ShapeModel.identify` tells it."""
    proportions: NDArray[float32]
    """(P,) lengths in outer eye corner distances, in the order of `faces.appearance.PROPORTIONS`."""
    tone: NDArray[float32]
    """(3,) CIE Lab of the skin; NaN where none is seen."""
    white_tone: NDArray[float32]
    """(3,) the same in white light, as far as the picture around it tells of the light."""
    light: NDArray[float32]
    """(3,) CIE Lab of that light."""
    texture: float
    """Amplitude of the skin's fine contrast; NaN where the face is too small for it."""
