"""Before a flicker is repaired: how far each part of the face flickers, and how far it is only lively."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy import float32, uint8
from numpy.typing import NDArray

from facefix.faces.mesh import framing
from facefix.pipeline.gauges import spread
from facefix.pipeline.preparing import Known, view_of
from facefix.pipeline.profiling import clocked
from facefix.plan import PlannedTrack, Treatment, unsound_in
from facefix.repair import flickering, fusion, placing
from facefix.repair.calming import Calming, Parts
from facefix.repair.cures import Patient, flicker
from facefix.repair.flickering import Evidence, Flickers
from facefix.repair.scaling import resized
from facefix.repair.strength import RAMP_FRAMES
from facefix.types import Span

MODE = flicker.SPEC.name
_SIDE = 256
"""Pixels of the crops that are averaged here: the smallest that faces have."""
_MOST = 12
"""Frames of a flicker, and sound ones beside it, that are averaged: these are enough to know what is usual."""


def to_be_seen(track: PlannedTrack, treatments: Sequence[Treatment], rate: float) -> frozenset[int]:
    """Frames of a track that `flickers` looks at: those of its flickers, and twice as many as are averaged beside them."""
    reach = 2 * flicker.radius(rate)
    spans = [t.span for t in treatments if t.track == track.id and t.mode == MODE]
    return frozenset(f for s in spans for f in range(s.start - reach, s.end + reach) if f in track.span)


def flickers(patient: Patient, known: Known, track: PlannedTrack, treatments: Sequence[Treatment]) -> dict[int, Flickers]:
    """As `patient` is to have it.

    Args:
        patient: the face, but for that.
        known: with its features where they belong, and small grey pictures of the frames of `to_be_seen`.
        treatments: the track's own.
    """
    sound, found, beside = ~unsound_in(known.span, track, treatments), {}, {}
    for treatment in (t for t in treatments if t.mode == MODE):
        with clocked("gauging flickers", len(treatment.span)):
            evidence = looked(Unrolling(patient, known, track), treatment.span, sound)
            far = flickering.ALL if evidence is None else flickering.told(evidence)
        span = treatment.span
        found |= dict.fromkeys(range(span.start, span.end), far)
        # Its strength rises and falls there: these frames are treated too, and no further.
        beside |= dict.fromkeys(range(span.start - RAMP_FRAMES, span.end + RAMP_FRAMES), far)
    return beside | found


@dataclass(frozen=True, slots=True, eq=False)
class Unrolling:
    """A face that is to be looked at."""

    patient: Patient
    known: Known
    track: PlannedTrack

    @property
    def radius(self) -> int:
        """Frames on either side that one is averaged with."""
        return flicker.radius(self.patient.fps)

    def mixer(self) -> Calming:
        face = self.patient
        return Calming(_scaled(face.usual, face.side), _at(face.points, face.side), _SIDE, flicker.reach(face.fps))

    def parts(
        self, mixer: Calming, frames: Sequence[int], greys: Mapping[int, NDArray[uint8]], true: bool = False
    ) -> list[Parts]:
        """These frames as `fusion` unrolls them, grey. true: the features lie where they belong already."""
        ground, triangles, parts = _scaled(self.patient.usual, self.patient.side), self.patient.triangles, []
        drawn = placing.drawn(ground, triangles, _SIDE)
        for frame in frames:
            measured, wanted = self._meshes(frame)
            grey = resized(np.asarray(greys[frame] / np.float32(255), float32), _SIDE, cv2.INTER_LINEAR)
            both = np.asarray(cv2.merge([grey] * 3), float32)
            colours, sure = fusion.carried(both, wanted if true else measured, ground, triangles, drawn)
            luma = np.ascontiguousarray(colours[..., 0])
            # As if all of them flickered: so the sound ones are averaged as the others are.
            parts.append(mixer.kept(fusion.Unrolled(frame, colours, luma, np.clip(sure, 0, 1), wanted, True)))
        return parts

    def _meshes(self, frame: int) -> tuple[NDArray[float32], NDArray[float32]]:
        """As measured, and where its points belong."""
        index = frame - self.known.span.start
        matrix, view = view_of(self.known, self.track, index)
        small, wanted = len(view.grey), framing.through(matrix, self.known.wanted[index])
        return _scaled(view.mesh, small), _scaled(wanted, small)


def looked(face: Unrolling, span: Span, sound: NDArray[np.bool_]) -> Evidence | None:
    """What averaging the frames of a flicker would change, and the sound ones beside it; None where hardly any is seen.

    sound: of the frames of `face.known`.
    """
    radius, known = face.radius, face.known
    wide = range(span.start - 2 * radius, span.end + 2 * radius)
    frames = [f for f in wide if f in known.greys and f in known.span]
    mixer = face.mixer()
    parts = face.parts(mixer, frames, known.greys)
    inside = [i for i, f in enumerate(frames) if f in span]
    calm = [i for i, f in enumerate(frames) if sound[f - known.span.start]]
    changed = _differences(mixer, parts, frames, inside, radius)
    if not len(changed):
        return None
    still = range(len(calm))
    harmed = _differences(mixer, [parts[i] for i in calm], [frames[i] for i in calm], still, radius)
    moved = flickering.movement(np.stack([p.points for p in parts]), inside, flicker.reach(face.patient.fps))
    return Evidence(changed, harmed, moved)


def _differences(
    mixer: Calming, parts: Sequence[Parts], frames: Sequence[int], which: Sequence[int], radius: int
) -> NDArray[float32]:
    """(N, 3) mean squares of what averaging changes in some of these frames, spread out."""
    found = []
    for i in (which[k] for k in spread(Span(0, len(which)), _MOST)):
        around = _around(frames, i, radius)
        if len(around) >= flickering.FEW:
            change = mixer.changes(parts[around.start : around.stop], i - around.start)
            found.append(np.square(change).mean((1, 2, 3)))
    return np.array(found, float32).reshape(-1, 3)


def _around(frames: Sequence[int], i: int, radius: int) -> range:
    """Indices of frames that follow one another without a gap around the i-th."""
    first = last = i
    while first > max(0, i - radius) and frames[first - 1] == frames[first] - 1:
        first -= 1
    while last < min(len(frames) - 1, i + radius) and frames[last + 1] == frames[last] + 1:
        last += 1
    return range(first, last + 1)


def _at(points: NDArray[float32], side: int) -> NDArray[float32]:
    """Pixels of crops of `side`, in crops of `_SIDE`."""
    return ((points + 0.5) * (_SIDE / side) - 0.5).astype(float32)


def _scaled(mesh: NDArray[float32], side: int) -> NDArray[float32]:
    return np.concatenate([_at(mesh[:, :2], side), mesh[:, 2:] * np.float32(_SIDE / side)], 1)
