"""Flicker: every pixel is replaced by a robust curve through its own path over the neighbouring frames."""

from __future__ import annotations

from numpy import float32
from numpy.typing import NDArray

from facefix.repair.cures.contract import CureSpec, Patient, Treated
from facefix.repair.fusion import Fuser, Recipe


class FusionCure:
    """A `contract.Cure` that is nothing but a `Fuser`."""

    def __init__(self, recipe: Recipe) -> None:
        self._fuser = Fuser(recipe)

    def push(self, frame: int, crop: NDArray[float32], wanted: bool = True) -> list[Treated]:
        return [(f.frame, f.values) for f in self._fuser.push(frame, crop, crop, wanted)]

    def flush(self) -> list[Treated]:
        return [(f.frame, f.values) for f in self._fuser.flush()]


def recipe(fps: float) -> Recipe:
    """+-0.15 s: boiling is new in every frame, so a few are enough, and speech is not smeared."""
    return Recipe(radius=max(3, round(0.15 * fps)))


def _start(patient: Patient) -> FusionCure:
    return FusionCure(recipe(patient.fps))


SPEC = CureSpec(
    name="flicker",
    describe="fuses the frames along the motion",
    look_ahead=lambda fps: recipe(fps).radius,
    eyes=0.8,
    mouth=0.7,
    start=_start,
)
