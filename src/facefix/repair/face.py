"""Treats one face through a clip: crops in, patches out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy import float32, uint8
from numpy.typing import NDArray

from facefix.repair import placing
from facefix.repair.cures import CURES, Cure, Patient, Sight, Treated
from facefix.repair.mask import FaceMask, face_mask
from facefix.repair.scaling import threefold
from facefix.repair.strength import MOVED_AT
from facefix.types import Crop, Patch, Span

SIDES = (256, 512)
_UNMOVED_PX = 0.02
"""Shifts of a mesh that are not worth a resampling of the crop."""

Witness = Callable[[str, Sight, Sight], None]
"""Told of every frame that a cure treats: the cure's mode, the face before and after it. Before the first cure of a frame the
face is as the clip has it, so that what moves its features counts as a part of that cure."""


def crop_side(source_px: float) -> int:
    """Side of the crop for a face whose 512-template square spans that many source pixels: no detail is lost."""
    return SIDES[0] if source_px <= 1.15 * SIDES[0] else SIDES[1]


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What is to be done to one face."""

    span: Span
    """Frames in which the face is known."""
    curves: Mapping[str, NDArray[float32]]
    """Mode -> strength 0..1 per frame of `span`."""
    patient: Patient
    shown: Mapping[int, NDArray[uint8]] = field(default_factory=dict)
    """Frame -> (P, P) 0..255, as `masks.steadying` gives it, where something may cover the face; missing: all of it shows."""


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    crop: Crop
    mask: FaceMask
    mesh: NDArray[float32]
    """(478, 3) as measured, crop pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Admitted:
    """A face that is ready for its cures."""

    held: _Held
    sight: Sight
    """With its features moved to where they belong."""


@dataclass(slots=True, eq=False)
class _Step:
    name: str
    cure: Cure
    windows: tuple[Span, ...]
    """Stretches of frames that it treats, or looks at when it does."""
    waiting: deque[Sight] = field(default_factory=deque)


class FaceRepair:
    """Runs the cures of one face in their fixed order, each measured out by its own strength curve."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.witness: Witness | None = None
        """Whoever wants to see what becomes of the face."""
        active = [name for name in CURES if name in course.curves and course.curves[name].any()]
        self.look_ahead = sum(CURES[name].look_ahead(course.patient.fps) for name in active)
        """Frames around one that show in its patch."""
        self.delay = self.look_ahead + sum(CURES[name].behind(course.patient) for name in active)
        """Frames after one until its patch is complete."""
        self._windows = _windows(course.span, [course.curves[name] for name in active], self.look_ahead)
        self._active = active
        self._steps: list[_Step] = []
        self._held: deque[_Held] = deque()

    def wants(self, frame: int) -> bool:
        """Whether `push` must get that frame's crop."""
        return any(frame in window for window in self._windows)

    def push(self, crop: Crop, points: NDArray[float32], mesh: NDArray[float32], wanted: NDArray[float32]) -> list[Patch]:
        """Take the next wanted frame; give the patches that are complete.

        Args:
            points: (5, 2) in source pixels.
            mesh: (478, 3) as measured, crop pixels.
            wanted: (478, 3) where its points belong, crop pixels; `mesh` itself where nothing is bent.
        """
        return self.treat(self.admitted(crop, points, mesh, wanted))

    def admitted(self, crop: Crop, points: NDArray[float32], mesh: NDArray[float32], wanted: NDArray[float32]) -> Admitted:
        """The part of `push` that no other frame bears on, for `treat`; a thread of its own may do it."""
        in_crop = points @ crop.transform[:, :2].T + crop.transform[:, 2]
        mask = face_mask(in_crop, crop.pixels.shape[0])
        if (shown := self.course.shown.get(crop.frame)) is not None:
            mask = mask.narrowed(shown)
        pixels = crop.pixels
        if np.abs(wanted - mesh)[:, :2].max() > _UNMOVED_PX:
            pixels = placing.moved(pixels, mesh, wanted, self.course.patient.triangles, self._movable(mask, crop.frame))
        return Admitted(_Held(crop, mask, mesh), Sight(crop.frame, pixels, wanted))

    def treat(self, face: Admitted) -> list[Patch]:
        """The rest of `push`."""
        if not self._steps:
            self._steps = [self._started(name) for name in self._active]
        self._held.append(face.held)
        patches = self._pass(0, [face.sight])
        if any(face.sight.frame + 1 == window.end for window in self._windows):
            patches += self.flush()
        return patches

    def flush(self) -> list[Patch]:
        """The patches still held back: at the end of a treated stretch, or of the clip."""
        patches = []
        for i, step in enumerate(self._steps):
            patches += self._pass(i + 1, self._measured(step, step.cure.flush()))
        self._steps = []
        self._held.clear()
        return patches

    def _started(self, name: str) -> _Step:
        spec, course = CURES[name], self.course
        reach = spec.look_ahead(course.patient.fps)
        return _Step(name, spec.start(course.patient), _windows(course.span, [course.curves[name]], reach))

    def _pass(self, first: int, sights: list[Sight]) -> list[Patch]:
        """Send frames through the steps from `first` on; what comes out at the end becomes patches."""
        for step in self._steps[first:]:
            done = []
            for sight in sights:
                if any(sight.frame in window for window in step.windows):
                    step.waiting.append(sight)
                    done += self._measured(step, step.cure.push(sight, self._strength(step, sight.frame) > 0))
                else:
                    # Too far from all that this cure treats to be looked at by it.
                    done += [*self._measured(step, step.cure.flush()), sight]
            sights = done
        return [patch for sight in sights if (patch := self._patch(sight.frame, sight.pixels)) is not None]

    def _measured(self, step: _Step, treated: Sequence[Treated]) -> list[Sight]:
        """Blend what a cure gave with what it got, by the strength of the frame and the weights of eyes and mouth."""
        spec, out = CURES[step.name], []
        for frame, pixels in treated:
            before = step.waiting.popleft()
            strength = self._strength(step, frame)
            if strength <= 0:
                out.append(before)
                continue
            held = self._at(frame)
            weight = threefold(strength * held.mask.weighted(spec.eyes, spec.mouth, spec.firm))
            after = replace(before, pixels=before.pixels + weight * (pixels - before.pixels))
            if self.witness is not None:
                first = next(one for one in self._steps if self._strength(one, frame) > 0)
                self.witness(step.name, Sight(frame, held.crop.pixels, held.mesh) if step is first else before, after)
            out.append(after)
        return out

    def _movable(self, mask: FaceMask, frame: int) -> NDArray[float32]:
        """(S, S) how far each place may move. Where the person is known, a drift is taken back up to the face's edge."""
        curve = self.course.curves.get("drift") if self.course.patient.references else None
        if curve is None:
            return mask.face
        share = min(1.0, float(curve[frame - self.course.span.start]) / MOVED_AT)
        return mask.face + np.float32(share) * (mask.firm - mask.face)

    def _strength(self, step: _Step, frame: int) -> float:
        full = CURES[step.name].full_at
        return min(1.0, float(self.course.curves[step.name][frame - self.course.span.start]) / full)

    def _at(self, frame: int) -> _Held:
        return next(held for held in self._held if held.crop.frame == frame)

    def _patch(self, frame: int, pixels: NDArray[float32]) -> Patch | None:
        while self._held[0].crop.frame < frame:
            self._held.popleft()
        held = self._held.popleft()
        residual = pixels - held.crop.pixels
        if not residual.any():
            return None
        return Patch(frame, residual.astype(np.float32), (held.mask.face > 0).astype(np.float32), held.crop.transform)


def _windows(span: Span, curves: Sequence[NDArray[float32]], reach: int) -> tuple[Span, ...]:
    """Stretches of frames that have some strength, with as much around them as the cures look at; merged."""
    windows: list[Span] = []
    if not curves:
        return ()
    for frame in np.flatnonzero(np.max(curves, axis=0) > 0) + span.start:
        start, end = max(span.start, int(frame) - reach), min(span.end, int(frame) + reach + 1)
        if windows and start <= windows[-1].end:
            windows[-1] = replace(windows[-1], end=end)
        else:
            windows.append(Span(start, end))
    return tuple(windows)
