"""Drift: after its shape was put back, the face gets the tone and texture of the frames in which it was itself."""

from __future__ import annotations

from facefix.repair.cures.contract import CureSpec
from facefix.repair.cures.rebuilding import STEADY_FRAMES, RebuildingCure

SPEC = CureSpec(
    name="drift",
    describe="gives the face its shape, tone and texture of before",
    look_ahead=lambda fps: STEADY_FRAMES,
    eyes=0.8,
    mouth=0.6,
    start=RebuildingCure,
    full_at=0.75,
)
