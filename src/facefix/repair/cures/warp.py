"""Warp: after its features were put back, the face's texture is rebuilt from frames that show it whole."""

from __future__ import annotations

from facefix.repair.cures.contract import CureSpec
from facefix.repair.cures.rebuilding import STEADY_FRAMES, RebuildingCure, behind

SPEC = CureSpec(
    name="warp",
    describe="puts features back in place and rebuilds them from sound frames",
    look_ahead=lambda fps: STEADY_FRAMES,
    eyes=1.0,
    mouth=0.8,
    start=RebuildingCure,
    behind=behind,
    rebuilds=True,
    full_at=0.75,
)
