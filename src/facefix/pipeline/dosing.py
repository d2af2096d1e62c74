"""How strongly each frame of a face is treated, by what its plan says and how well the face is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.diagnose.spans import marked
from facefix.faces import align, pose
from facefix.pipeline.preparing import Curves
from facefix.plan import Plan, PlannedTrack, Treatment
from facefix.repair.strength import Dose, strength_curve


def curves(treatments: Iterable[Treatment], track: PlannedTrack) -> tuple[Curves, Curves]:
    """Strength per mode and frame of the track: as it is of a fault that is there in full, and as it grows with the fault."""
    mine, left = [t for t in treatments if t.track == track.id], _left(track)

    def curve(mode: str, growing: bool) -> NDArray[float32]:
        return left([Dose(t.span, t.strength, t.rises if growing else 0) for t in mine if t.mode == mode])

    full, growing = ({mode: curve(mode, grows) for mode in {t.mode for t in mine}} for grows in (False, True))
    return full, growing


def faded(plan: Plan) -> tuple[Treatment, ...]:
    """Those of its treatments of which nothing is left in any frame: the face is too small, turned too far or hardly seen."""
    found = []
    for track in plan.tracks:
        mine = [t for t in plan.treatments if t.track == track.id]
        if mine:
            seen = _left(track)([Dose(track.span, 1.0)])
            first = track.span.start
            found += [t for t in mine if not seen[t.span.start - first : t.span.end - first].any()]
    return tuple(found)


def _left(track: PlannedTrack) -> Callable[[Sequence[Dose]], NDArray[float32]]:
    """Doses -> (len(track.span),) what is left of them where the face is hard to see."""
    yaw = np.array([pose.pose(points).yaw for points in track.points], float32)
    size = np.array([_span_px(points) * align.FACE_WIDTH_SHARE for points in track.points], float32)
    covered = marked(track.span, track.covered)
    return partial(strength_curve, track.span, yaw_deg=yaw, face_px=size, score=track.scores, covered=covered)


def source_px(track: PlannedTrack) -> float:
    """Source pixels the template's square spans on this track: the median."""
    return float(np.median([_span_px(points) for points in track.points]))


def _span_px(points: NDArray[float32]) -> float:
    matrix = align.transform(points, align.TEMPLATE_PX)
    return align.TEMPLATE_PX / float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
