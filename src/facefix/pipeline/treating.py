"""From a plan to patches: which faces are treated in which frame, with a look-ahead but bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.errors import PlanError
from facefix.faces import align, pose
from facefix.media import colour, decode
from facefix.pipeline.progress import fps
from facefix.plan import Plan, PlannedTrack
from facefix.repair.cures import CURES, Patient
from facefix.repair.face import Course, FaceRepair, crop_side
from facefix.repair.restorers import RESTORERS, default_restorer
from facefix.repair.strength import Dose, strength_curve
from facefix.settings import Settings
from facefix.types import ClipInfo, Crop, Frame, Patch, Pixels, Span


@dataclass(frozen=True, slots=True, eq=False)
class TrackRepair:
    """A face under repair: its geometry from the plan, and the one who treats it."""

    track: PlannedTrack
    side: int
    face: FaceRepair

    def crop(self, rgb: Pixels, frame: int) -> Crop:
        return _crop(rgb, self.points(frame), self.side, frame)

    def points(self, frame: int) -> NDArray[float32]:
        return self.track.points[frame - self.track.span.start]


def prepare(plan: Plan, clip: ClipInfo, settings: Settings) -> list[TrackRepair]:
    """One `TrackRepair` per treated track of the plan; loads the restorer and fetches the anchors.

    Raises:
        PlanError: the plan asks for a mode without a cure or for an unknown restorer.
        ModelError: the restorer's weights are missing.
    """
    for treatment in plan.treatments:
        if treatment.mode not in CURES:
            raise PlanError(f"The plan asks to treat {treatment.mode}; facefix can treat {', '.join(CURES)}.")
    name = default_restorer(settings.device) if plan.restorer == "auto" else plan.restorer
    if name not in RESTORERS:
        raise PlanError(f"The plan asks for the restorer {name!r}; choose from {', '.join(RESTORERS)}.")
    tracks = [t for t in plan.tracks if any(treatment.track == t.id for treatment in plan.treatments)]
    if not tracks:
        return []
    restorer = RESTORERS[name].load(settings.device)
    anchors = _anchors(tracks, clip)
    repairs = []
    for track in tracks:
        patient = Patient(restorer, anchors[track.id], _source_px(track), fps(clip))
        course = Course(track.span, _curves(plan, track), patient)
        repairs.append(TrackRepair(track, crop_side(patient.source_px), FaceRepair(course)))
    return repairs


def treated(frames: Iterable[Frame], clip: ClipInfo, repairs: list[TrackRepair]) -> Iterator[tuple[Frame, list[Patch]]]:
    """Every frame with its patches, in order. Holds back only as many frames as the widest look-ahead needs."""
    waiting: deque[Frame] = deque()
    ready: dict[int, list[Patch]] = {}
    delay = max((repair.face.look_ahead for repair in repairs), default=0)

    def keep(patches: Iterable[Patch]) -> None:
        for patch in patches:
            ready.setdefault(patch.frame, []).append(patch)

    for frame in frames:
        waiting.append(frame)
        wanted = [repair for repair in repairs if repair.face.wants(frame.index)]
        rgb = colour.to_rgb(frame, clip) if wanted else None
        for repair in wanted:
            if rgb is not None:
                keep(repair.face.push(repair.crop(rgb, frame.index), repair.points(frame.index)))
        while len(waiting) > delay:
            first = waiting.popleft()
            yield first, ready.pop(first.index, [])
    for repair in repairs:
        keep(repair.face.flush())
    for first in waiting:
        yield first, ready.pop(first.index, [])


def _curves(plan: Plan, track: PlannedTrack) -> dict[str, NDArray[float32]]:
    """Strength per mode and frame of the track."""
    yaw = np.array([pose.pose(points).yaw for points in track.points], float32)
    size = np.array([_span_px(points) * align.FACE_WIDTH_SHARE for points in track.points], float32)
    curves = {}
    for mode in {t.mode for t in plan.treatments if t.track == track.id}:
        doses = [Dose(t.span, t.strength) for t in plan.treatments if t.track == track.id and t.mode == mode]
        curves[mode] = strength_curve(track.span, doses, yaw_deg=yaw, face_px=size, score=track.scores)
    return curves


def _anchors(tracks: list[PlannedTrack], clip: ClipInfo) -> dict[int, tuple[NDArray[float32], ...]]:
    """Anchor crops of every track, fetched before the render since they may lie anywhere in the clip."""
    found: dict[tuple[int, int], NDArray[float32]] = {}
    wanted = sorted({frame for track in tracks for frame in track.anchors})
    for frame in decode.Decoder(clip, Span(wanted[0], wanted[-1] + 1)) if wanted else ():
        owners = [track for track in tracks if frame.index in track.anchors]
        rgb = colour.to_rgb(frame, clip) if owners else None
        for track in owners:
            if rgb is not None:
                points = track.points[frame.index - track.span.start]
                side = crop_side(_source_px(track))
                found[track.id, frame.index] = _crop(rgb, points, side, frame.index).pixels
    return {t.id: tuple(found[t.id, a] for a in t.anchors if (t.id, a) in found) for t in tracks}


def _source_px(track: PlannedTrack) -> float:
    """Source pixels the template's square spans on this track: the median."""
    return float(np.median([_span_px(points) for points in track.points]))


def _span_px(points: NDArray[float32]) -> float:
    matrix = align.transform(points, align.TEMPLATE_PX)
    return align.TEMPLATE_PX / float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))


def _crop(rgb: Pixels, points: NDArray[float32], side: int, frame: int) -> Crop:
    return align.crop(rgb, align.transform(points, side), side, frame)
