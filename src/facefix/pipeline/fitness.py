"""Which frames of a clip are good enough to go on from, and why the others are not."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from facefix.anchors import CLOSED_SHARE, USUAL_PERCENTILE
from facefix.faces.appearance import EYES
from facefix.faces.identity import MIN_FACE_PX
from facefix.types import Analysis, Diagnosis, Span

LARGE_SHARE = 0.5
"""Of the largest face's size: smaller ones are passers-by."""
BLURRED_SHARE = 0.8
"""Of a face's usual sharpness in its clip."""
TURNED_DEG = 40.0

Reasons = list[str | None]
"""One per frame: why it is not good, None where it is."""


def large(diagnoses: Sequence[Diagnosis]) -> tuple[Diagnosis, ...]:
    """The faces that a shot is about."""
    sizes = [d.median_face_px for d in diagnoses if d.median_face_px >= MIN_FACE_PX]
    return tuple(d for d in diagnoses if sizes and d.median_face_px >= max(MIN_FACE_PX, LARGE_SHARE * max(sizes)))


def unfit(analysis: Analysis, span: Span, forgiven: Collection[str] = ()) -> Reasons:
    """Why each frame of a span is no good to go on from.

    A good frame shows a large face, and each that it shows sharp, open-eyed, to the front and without a finding. Meshes must
    have been kept.

    Args:
        forgiven: modes whose findings do not count where a repair may lie on them.
    """
    faces = large([d for d in analysis.diagnoses if d.track.span.start < span.end and d.track.span.end > span.start])
    told = {d.track.id: _of_face(d, forgiven) for d in faces}
    reasons: Reasons = []
    for frame in range(span.start, span.end):
        here = [told[d.track.id][frame - d.track.span.start] for d in faces if frame in d.track.span]
        reasons.append("no large face" if not here else next((why for why in here if why is not None), None))
    return reasons


def _of_face(diagnosis: Diagnosis, forgiven: Collection[str]) -> Reasons:
    crisp, yaw = (np.nan_to_num(diagnosis.signals[name]) for name in ("crispness", "yaw"))
    opening = diagnosis.signals[EYES]
    sharp, wide = (np.nanpercentile(v, USUAL_PERCENTILE) if np.isfinite(v).any() else 0.0 for v in (crisp, opening))
    blamed = _blamed(diagnosis, forgiven)
    reasons: Reasons = []
    for i, face in enumerate(diagnosis.track.faces):
        if blamed[i]:
            reasons.append(blamed[i])
        elif face.score <= 0 or face.mesh is None:
            reasons.append("face hardly seen")
        elif abs(yaw[i]) > TURNED_DEG:
            reasons.append("face turned away")
        elif crisp[i] < BLURRED_SHARE * sharp:
            reasons.append("blurred")
        elif opening[i] < CLOSED_SHARE * wide:
            reasons.append("eyes closed")
        else:
            reasons.append(None)
    return reasons


def _blamed(diagnosis: Diagnosis, forgiven: Collection[str]) -> Reasons:
    """The worst finding of each frame by its mode, where it counts."""
    span, lost = diagnosis.track.span, diagnosis.judgement.regenerate
    blamed: Reasons = [None] * len(span)
    for finding in sorted(diagnosis.findings, key=lambda f: f.severity):
        for frame in range(finding.span.start, finding.span.end):
            if finding.mode not in forgiven or finding.lost or any(frame in s for s in lost):
                blamed[frame - span.start] = finding.mode
    return blamed


def runs(reasons: Sequence[str | None], start: int) -> list[tuple[Span, str]]:
    """Stretches of frames with the same reason, in order; good frames are left out. start: number of the first frame."""
    found: list[tuple[Span, str]] = []
    for frame, why in enumerate(reasons, start=start):
        if why is None:
            continue
        if found and found[-1][1] == why and found[-1][0].end == frame:
            found[-1] = (Span(found[-1][0].start, frame + 1), why)
        else:
            found.append((Span(frame, frame + 1), why))
    return found
