"""Before a render: what is known of every treated face over the whole of its treatment - meshes, where they belong, anchors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np
from numpy import float32, uint8
from numpy.typing import NDArray

from facefix.faces import align
from facefix.faces.mesh import framing
from facefix.faces.mesh.mesher import WEIGHTS, Mesher
from facefix.media import colour, decode
from facefix.pipeline.anchoring import Reference
from facefix.pipeline.loading import loaded
from facefix.pipeline.overlapping import ahead
from facefix.pipeline.parsing import Parsing
from facefix.pipeline.profiling import clocked, clocked_each
from facefix.pipeline.progress import Progress, fps
from facefix.plan import PlannedTrack, Treatment, unsound_in
from facefix.repair.cures import Sight
from facefix.repair.registration.evidence import SIDE_PX, View
from facefix.types import ClipInfo, Crop, Pixels, Span

_AROUND_S = 1.6
"""How far before and after its treatments a face is looked at: what it does while it is sound tells what is not it."""
_LEAST_FRAMES = 27
"""Of that, at low frame rates: cures look ahead, and ramps reach out, by frames."""
_BESIDE, _BESIDE_EVERY = 12, 4
"""Sound frames beside the anchors that a face may be rebuilt from, each of which takes up to 3 MB; frames between them."""
_CREEPS_S = 1.0
"""Before a drift is found, in which it may have begun: nothing is rebuilt from there."""
_BATCH = 8

Curves = Mapping[str, NDArray[float32]]
"""Mode -> strength 0..1 per frame of a track."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A face over the frames in which it may be treated."""

    span: Span
    meshes: NDArray[float32]
    """(len(span), 478, 3) source pixels, as measured."""
    wanted: NDArray[float32]
    """(len(span), 478, 3) where its points belong, as far as the strength goes; see `straightening`."""
    anchors: tuple[Sight, ...]
    """Crops of this face at its best."""
    samples: Mapping[int, Crop]
    """Some frames to try a repair on."""
    around: tuple[Sight, ...] = ()
    """Crops of this face in sound frames of the span."""
    reference: Reference | None = None
    """The character whose face it is."""
    shown: Mapping[int, NDArray[uint8]] = field(default_factory=dict)
    """Frame -> where the face is not covered, as `repair.face.Course` has it."""
    greys: Mapping[int, NDArray[uint8]] = field(default_factory=dict)
    """Frame -> the face in it, small and grey (`repair.registration`), where its meshes are to be held against pictures."""

    @property
    def best(self) -> tuple[Sight, ...]:
        """What the face can be compared with: its anchors, and as far as they count its character's pictures."""
        wanted = self.reference is not None and self.reference.strength > 0
        return (*self.anchors, *(self.reference.sights if wanted and self.reference else ()))

    def at(self, frame: int) -> tuple[NDArray[float32], NDArray[float32]]:
        """Its mesh and the wanted one, source pixels."""
        return self.meshes[frame - self.span.start], self.wanted[frame - self.span.start]


def know(
    clip: ClipInfo,
    tracks: Sequence[PlannedTrack],
    treatments: Sequence[Treatment],
    sides: Mapping[int, int],
    samples: Mapping[int, Collection[int]],
    device: str,
    progress: Progress,
    parsing: Parsing | None = None,
    laid: Mapping[int, NDArray[float32]] | None = None,
    viewed: Mapping[int, Collection[int]] | None = None,
    rebuilt: Collection[int] = (),
) -> dict[int, Known]:
    """What is known of each track, by its id; nothing is straightened yet.

    Args:
        sides: of the crops of each track, px.
        samples: frames of each track whose crops are kept; few, for they are large.
        parsing: told of every face; None where nobody asks what covers them.
        laid: as `measuring.Laid`; tracks that it lacks are meshed.
        viewed: frames of tracks, by their ids, whose meshes are to be held against pictures.
        rebuilt: ids of the tracks that are rebuilt from sound frames.

    Raises:
        ModelError: weights are missing.
    """
    spans = {track.id: _span(track, treatments, fps(clip)) for track in tracks}
    beside = {t.id: _beside(t, treatments, spans[t.id], fps(clip)) if t.id in rebuilt else [] for t in tracks}
    wanted_crops = {t.id: {*t.anchors, *samples[t.id], *beside[t.id]} for t in tracks}
    there = laid if laid is not None and all(len(laid.get(t.id, ())) == len(t.span) for t in tracks) else None
    meshing = partial(_measured, loaded(Mesher, (WEIGHTS,), device)) if there is None else partial(_taken, there)
    # Where all is measured, only the pictures that something is kept of must be seen again.
    looked = spans if there is None or parsing is not None else dict.fromkeys(spans, Span(0, 0))
    found, crops, greys = _looked(clip, tracks, looked, sides, wanted_crops, viewed or {}, meshing, parsing, progress)
    known = {}
    for track in tracks:
        span, seen = spans[track.id], crops[track.id]
        mesh = np.stack(list(found[track.id].values())) if there is None else there[track.id][_inside(span, track)]
        anchors, others = (
            tuple(Sight(a, seen[a][0].pixels, seen[a][1]) for a in some if a in seen)
            for some in (track.anchors, beside[track.id])
        )
        some = {frame: seen[frame][0] for frame in sorted(samples[track.id]) if frame in seen and frame in span}
        shown = parsing.shown(track) if parsing is not None else {}
        known[track.id] = Known(span, mesh, mesh, anchors, some, others, shown=shown, greys=greys.get(track.id, {}))
    return known


def crop_of(rgb: Pixels, points: NDArray[float32], side: int, frame: int) -> Crop:
    return align.crop(rgb, align.transform(points, side), side, frame)


def small_grey(rgb: Pixels, points: NDArray[float32]) -> NDArray[uint8]:
    """(SIDE_PX, SIDE_PX) the face in a picture, as `registration.View` has it."""
    crop = align.crop(rgb, align.transform(points, SIDE_PX), SIDE_PX).pixels
    return np.asarray(cv2.cvtColor(np.round(crop * 255).astype(uint8), cv2.COLOR_RGB2GRAY), uint8)


def view_of(known: Known, track: PlannedTrack, index: int) -> tuple[NDArray[float32], View]:
    """What cuts the view of a frame, counted from the first mesh, out of its picture, (2, 3); and it, the mesh as measured."""
    frame = known.span.start + index
    matrix = align.transform(track.points[frame - track.span.start], SIDE_PX)
    return matrix, View(known.greys[frame], framing.through(matrix, known.meshes[index]))


def around(rate: float) -> int:
    """Frames before and after its treatments that a face is looked at, at that many frames per second."""
    return max(_LEAST_FRAMES, round(_AROUND_S * rate))


def _span(track: PlannedTrack, treatments: Sequence[Treatment], rate: float) -> Span:
    """The frames of a track that its treatments need."""
    mine = [t.span for t in treatments if t.track == track.id]
    first, last = min(s.start for s in mine) - around(rate), max(s.end for s in mine) + around(rate)
    return Span(max(track.span.start, first), min(track.span.end, last))


def _beside(track: PlannedTrack, treatments: Sequence[Treatment], span: Span, rate: float) -> list[int]:
    """Sound frames of a span, the nearest to what is treated, spread out; the anchors are known anyhow."""
    mine = [t for t in treatments if t.track == track.id]
    # A drift has begun before it is found.
    creeping = [Span(t.span.start - round(_CREEPS_S * rate), t.span.start) for t in mine if t.mode == "drift"]
    unsound = unsound_in(span, track, mine)
    sound = [
        f
        for f in range(span.start, span.end)
        if not unsound[f - span.start] and track.scores[f - track.span.start] > 0 and not any(f in one for one in creeping)
    ]
    near = sorted(sound, key=lambda f: min(max(t.span.start - f, f - t.span.end + 1) for t in mine))
    chosen: list[int] = []
    for f in near:
        if all(abs(f - other) >= _BESIDE_EVERY for other in (*chosen, *track.anchors)):
            chosen.append(f)
        if len(chosen) == _BESIDE:
            break
    return chosen


def _inside(span: Span, track: PlannedTrack) -> slice:
    return slice(span.start - track.span.start, span.end - track.span.start)


def _measured(mesher: Mesher, faces: Sequence[_Pictured]) -> NDArray[float32]:
    """(N, 478, 3) source pixels."""
    points = np.stack([one.points for one in faces])
    with clocked("meshing faces", len(faces)):
        return mesher.meshes([one.rgb for one in faces], points).points


def _taken(laid: Mapping[int, NDArray[float32]], faces: Sequence[_Pictured]) -> NDArray[float32]:
    """The same, from what was measured before."""
    return np.stack([laid[one.track.id][one.frame - one.track.span.start] for one in faces])


@dataclass(frozen=True, slots=True, eq=False)
class _Pictured:
    """A face in a picture."""

    track: PlannedTrack
    rgb: Pixels
    frame: int

    @property
    def points(self) -> NDArray[float32]:
        """(5, 2) source pixels."""
        return self.track.points[self.frame - self.track.span.start]


def _looked(
    clip: ClipInfo,
    tracks: Sequence[PlannedTrack],
    spans: Mapping[int, Span],
    sides: Mapping[int, int],
    kept: Mapping[int, Collection[int]],
    viewed: Mapping[int, Collection[int]],
    meshing: Callable[[Sequence[_Pictured]], NDArray[float32]],
    parsing: Parsing | None,
    progress: Progress,
) -> tuple[
    dict[int, dict[int, NDArray[float32]]],
    dict[int, dict[int, tuple[Crop, NDArray[float32]]]],
    dict[int, dict[int, NDArray[uint8]]],
]:
    """One sweep over the clip: the meshes of every track over its span; of frames to be kept, crop and mesh in it; those that
    are viewed small and grey."""
    greys: dict[int, dict[int, NDArray[uint8]]] = {id_: {} for id_ in viewed}
    found: dict[int, dict[int, NDArray[float32]]] = {track.id: {} for track in tracks}
    crops: dict[int, dict[int, tuple[Crop, NDArray[float32]]]] = {track.id: {} for track in tracks}
    waiting: list[_Pictured] = []

    def flush() -> None:
        meshes = meshing(waiting)
        if parsing is not None:
            crops_here = (crop_of(one.rgb, one.points, sides[one.track.id], one.frame) for one in waiting)
            with clocked("parsing faces", len(waiting)):
                parsing.look([(one.track.id, crop) for one, crop in zip(waiting, crops_here, strict=True)])
        for one, mesh in zip(waiting, meshes, strict=True):
            if one.frame in spans[one.track.id]:
                found[one.track.id][one.frame] = mesh
            if one.frame in viewed.get(one.track.id, ()):
                greys[one.track.id][one.frame] = small_grey(one.rgb, one.points)
            if one.frame in kept[one.track.id]:
                crop = crop_of(one.rgb, one.points, sides[one.track.id], one.frame)
                crops[one.track.id][one.frame] = crop, framing.through(crop.transform, mesh)
        waiting.clear()

    picked = {track.id: {*kept[track.id], *viewed.get(track.id, ())} for track in tracks}
    frames = {f for track in tracks for f in (*range(spans[track.id].start, spans[track.id].end), *picked[track.id])}
    if not frames:
        return found, crops, greys
    whole = Span(min(frames), max(frames) + 1)

    def pictures() -> Iterator[list[_Pictured]]:
        for frame in clocked_each("decoding", decode.Decoder(clip, whole)):
            here = [t for t in tracks if frame.index in spans[t.id] or frame.index in picked[t.id]]
            with clocked("to RGB", bool(here)):
                rgb = colour.to_rgb(frame, clip) if here else None
            yield [] if rgb is None else [_Pictured(track, rgb, frame.index) for track in here]

    for done, faces in enumerate(ahead(pictures()), start=1):
        waiting += faces
        if len(waiting) >= _BATCH:
            flush()
            progress("getting to know faces", done, len(whole))
    if waiting:
        flush()
    progress("getting to know faces", len(whole), len(whole))
    return found, crops, greys
