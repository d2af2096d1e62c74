"""Collapsed, as long as the mesh still knows where features are: as a warp, rebuilt from frames that show the face whole.

What melts is put back where the frames around have it, and drawn from anchors; expression is what is left of it. Where
nothing is left a finding is `lost`, and not treated: whatever covers a face looks like that, too.
"""

from __future__ import annotations

from facefix.repair.cures.contract import CureSpec
from facefix.repair.cures.rebuilding import STEADY_FRAMES, RebuildingCure, behind

SPEC = CureSpec(
    name="collapsed",
    describe="rebuilds features that melt from sound frames",
    look_ahead=lambda fps: STEADY_FRAMES,
    eyes=0.8,
    mouth=0.8,
    start=RebuildingCure,
    behind=behind,
    rebuilds=True,
    full_at=0.6,
)
