"""What to do about a finding, and before a repair where the clip itself stands in its way."""

from __future__ import annotations

from facefix.diagnose.modes import MODES
from facefix.types import Analysis, Finding, Judgement

SMALL_PX = 60
"""Faces narrower than this have no measurable identity, and their repair fades out (`repair.strength`)."""


def advice(analysis: Analysis) -> list[str]:
    """Plain sentences; none where there is nothing to say."""
    small = [d for d in analysis.diagnoses if d.median_face_px < SMALL_PX]
    if not small:
        return []
    sizes = sorted(d.median_face_px for d in small)
    scale = 2 if 2 * sizes[0] >= SMALL_PX else 4
    faces = ("face " if len(small) == 1 else "faces ") + ", ".join(str(d.track.id) for d in small)
    wide = f"{sizes[0]:.0f} px" if len(small) == 1 else f"{sizes[0]:.0f} to {sizes[-1]:.0f} px"
    verb = "is" if len(small) == 1 else "are"
    return [
        f"{faces} ({wide}) {verb} too small for a repair to matter: enlarge first (--scale {scale}), then repair the result."
    ]


def cure(finding: Finding, judgement: Judgement) -> str:
    """What can be done about a finding that is worth repairing, in a few words; "" for the others."""
    past_saving = any(s.start <= finding.span.start and finding.span.end <= s.end for s in judgement.regenerate)
    return "" if past_saving or finding.mode not in MODES else MODES[finding.mode].advice
