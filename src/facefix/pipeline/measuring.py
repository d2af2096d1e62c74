"""The second sweep of pass 1: every face's mesh and signals, while the frame is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix import memory
from facefix.diagnose import measure
from facefix.diagnose.beside import reading as beside
from facefix.diagnose.features import nobody
from facefix.diagnose.geometry import reading as geometry
from facefix.diagnose.looks import Looks
from facefix.diagnose.modes import obvious, passing_faults
from facefix.diagnose.skin import reading as skin
from facefix.faces import align, appearance, pose
from facefix.faces.mesh import foresight, shape
from facefix.faces.mesh.foresight import Foresight
from facefix.faces.mesh.mesher import LOST, WEIGHTS, Mesher, Meshes
from facefix.faces.mesh.smoothing import smooth
from facefix.faces.mesh.unturning import unturn
from facefix.media import colour, decode
from facefix.pipeline.departing import Departing
from facefix.pipeline.loading import loaded
from facefix.pipeline.overlapping import Behind, ahead
from facefix.pipeline.profiling import clocked, clocked_each
from facefix.pipeline.progress import Progress, fps
from facefix.types import ClipInfo, Face, Pixels, Signals, Span, Track

_BATCH_FRAMES = 4
_SKIN_RATE = 8.0
"""Looks at the skin per second: wax stays for half a second and more."""
_SMEAR_RATE = 15.0
"""Looks at the features per second: a fault of four frames is seen."""
_DRIFT_RATE = 5.0
"""Looks at who it is."""
SURE_PERCENTILE = 90
"""Of the mesh's points, to ask what it knows best: a hand or a microphone takes some of them, a collapse takes all."""

Laid = dict[int, NDArray[float32]]
"""Track id -> (frames, 478, 3) meshes in source pixels, as measured: 6 KB a face and frame."""

TrackSignals = dict[int, dict[str, NDArray[float32]]]
"""Track id -> signal name -> (frames,)."""


class _Readers:
    """The networks that tracks are read by."""

    def __init__(self, device: str) -> None:
        self.shape = shape.load()
        self.geometry = geometry.Reader()
        self.foresight = Foresight(self.shape)
        self.skin = loaded(skin.Reader, (skin.WEIGHTS,), device)
        self.smear = loaded(beside.smear_reader, (beside.SMEAR.weights,), device)
        self.drift = loaded(beside.drift_reader, (beside.DRIFT.weights,), device)


class _Followed:
    """One track under measurement."""

    def __init__(self, track: Track, rate: float, readers: _Readers, keep_meshes: bool) -> None:
        self.track = track
        self._meter = measure.Meter()
        self._readers = readers
        self._shapes = geometry.Shapes(rate)
        self._steps = readers.foresight.steps()
        self._skin, self._smear = Looks(_every(rate, _SKIN_RATE)), beside.Sights(_every(rate, _SMEAR_RATE))
        self._drift = beside.Sights(_every(rate, _DRIFT_RATE))
        self._departing = Departing(rate)
        self._rate = rate
        self._keep = keep_meshes
        self._eyes: list[float] = []
        self._meshes: list[NDArray[float32]] = []
        self._confidence: list[NDArray[float32]] = []

    def push(self, shown: _Shown, mesh: NDArray[float32], confidence: NDArray[float32]) -> None:
        """The track's next frame; mesh (478, 3) in source pixels, confidence (478,)."""
        rgb, face = shown.rgb, shown.face
        crop = align.crop(rgb, align.transform(face.points, measure.SIDE), measure.SIDE, face.frame)
        known = float(np.percentile(confidence, SURE_PERCENTILE)) if _inside(face, rgb) else np.nan
        turned = pose.pose(face.points)
        self._meter.push(crop, face, turned, align.face_px(face), known)
        self._readers.geometry.add(self._shapes, unturn(self._readers.shape, mesh, confidence))
        self._steps.add(mesh)
        self._eyes.append(float(appearance.eye_opening(mesh)))
        self._readers.skin.look(self._skin, crop.pixels)
        self._readers.smear.look(self._smear, crop.pixels, (turned.yaw, turned.pitch))
        self._readers.drift.look(self._drift, crop.pixels, (turned.yaw, turned.pitch))
        if shown.light is not None:
            self._departing.add(face, mesh, confidence, crop, shown.light)
        if self._keep:
            self._meshes.append(mesh)
            self._confidence.append(confidence)

    def signals(self) -> dict[str, NDArray[float32]]:
        shapes, wax = self._readers.geometry.read(self._shapes), self._readers.skin.read(self._skin)
        smeared = self._readers.smear.read(self._smear, self._rate)
        unforeseen = self._readers.foresight.read(self._steps, self._rate)
        told = self._meter.finish() | shapes | {skin.SIGNAL: wax, beside.SMEAR.signal: smeared, foresight.SIGNAL: unforeseen}
        told[appearance.EYES] = np.array(self._eyes, float32)
        told[foresight.SIGNAL] = self._calmly(unforeseen, told)
        # Who somebody is, and was at first, only frames tell that show it.
        unlike, faulty = nobody(told, self._rate), passing_faults(told, self._rate)
        told[measure.IDENTITY] = self._meter.identity_distance(unlike, faulty)
        told[beside.DRIFT.signal] = self._readers.drift.read(self._drift, self._rate, ~unlike, ~faulty)
        return told | self._departing.read(self.track.span.start, unlike, faulty)

    def _calmly(self, unforeseen: NDArray[float32], told: Signals) -> NDArray[float32]:
        """What is unforeseen without what the mesh does where it cannot lie where the face is.

        It foretells nothing of the frames beside these, and in a face that boils it tells of no warp; but a face that is gone
        is known by it, too.
        """
        gone, boiling = (obvious(mode, told, self._rate) for mode in ("collapsed", "flicker"))
        if not (gone | boiling).any():
            return unforeseen
        trusted = self._readers.foresight.read(self._steps, self._rate, ~(gone | boiling))
        others = np.fmin(unforeseen, trusted)
        return np.where(gone, unforeseen, np.where(boiling, np.fmin(unforeseen, 0), others))

    @property
    def meshes(self) -> NDArray[float32]:
        """(frames, 478, 3) source pixels, as measured, where they were kept."""
        return np.stack(self._meshes) if self._meshes else np.empty((0, 478, 3), float32)

    def meshed(self) -> Track:
        """The track, its faces with meshes smoothed over it, which were kept; None in frames whose mesh is not believed."""
        confidence = np.stack(self._confidence)
        smoothed = smooth(self.meshes, confidence, self._rate)
        faces = zip(self.track.faces, smoothed, confidence.mean(1) >= LOST, strict=True)
        return replace(
            self.track, faces=tuple(replace(face, mesh=mesh if believed else None) for face, mesh, believed in faces)
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """A face in a picture."""

    track: _Followed
    rgb: Pixels
    face: Face
    light: NDArray[float32] | None
    """(3,) as `appearance.light`, where the face's identity was measured."""


@dataclass(frozen=True, slots=True, eq=False)
class _Meshed:
    """Faces of a few pictures and their meshes."""

    faces: Sequence[_Shown]
    found: Meshes


def measure_tracks(
    clip: ClipInfo, tracks: Sequence[Track], device: str, *, keep_meshes: bool, progress: Progress, laid: Laid | None = None
) -> tuple[tuple[Track, ...], TrackSignals]:
    """The tracks, with meshes if they are to be kept, and the signals of each.

    Args:
        laid: where the meshes are left as they were measured, for a render by the same process.

    Raises:
        ModelError: weights are missing.
        SettingsError: there is no such device.
    """
    if not tracks:
        return (), {}
    mesher = loaded(Mesher, (WEIGHTS,), device)
    readers = _Readers(device)
    followed = [_Followed(track, fps(clip), readers, keep_meshes or laid is not None) for track in tracks]
    batch: list[_Shown] = []
    span = Span(min(t.span.start for t in tracks), max(t.span.end for t in tracks))

    def pictures() -> Iterator[list[_Shown]]:
        for frame in clocked_each("decoding", decode.Decoder(clip, span)):
            present = [(one, face) for one in followed if (face := one.track.at(frame.index)) is not None]
            with clocked("to RGB", bool(present)):
                rgb = colour.to_rgb(frame, clip) if present else None
            yield [] if rgb is None else _shown(rgb, present)

    with memory.large_blocks_reused() as frame_done, Behind(_measure, 1, "measurements") as measuring:
        for done, faces in enumerate(ahead(pictures()), start=1):
            batch += faces
            frame_done()
            if done % _BATCH_FRAMES == 0:
                if batch:
                    measuring.put(_meshed(batch, mesher))
                    batch = []
                progress("measuring", done, len(span))
        if batch:
            measuring.put(_meshed(batch, mesher))
    progress("measuring", len(span), len(span))
    if laid is not None:
        laid.update((one.track.id, meshes) for one in followed if len(meshes := one.meshes) == len(one.track.faces))
    with clocked("weighing signals", len(followed)):
        seen = tuple(one.meshed() for one in followed) if keep_meshes else tuple(tracks)
        return seen, {one.track.id: one.signals() for one in followed}


def _shown(rgb: Pixels, present: Sequence[tuple[_Followed, Face]]) -> list[_Shown]:
    known = any(face.identity is not None for _, face in present)
    light = appearance.light(rgb, [face.box for _, face in present]) if known else None
    return [_Shown(one, rgb, face, light if face.identity is not None else None) for one, face in present]


def _meshed(batch: list[_Shown], mesher: Mesher) -> _Meshed:
    """What has gathered, with its meshes."""
    # The second of two looks matters: aimed by the detector alone, a bearded man in a hat is half as well known.
    with clocked("meshing faces", len(batch)):
        return _Meshed(batch, mesher.meshes([one.rgb for one in batch], np.stack([one.face.points for one in batch])))


def _measure(batch: _Meshed) -> None:
    with clocked("measuring faces", len(batch.faces)):
        for one, mesh, confidence in zip(batch.faces, batch.found.points, batch.found.confidence, strict=True):
            one.track.push(one, mesh, confidence)


def _every(rate: float, looks: float) -> int:
    """Every how many frames to look, for so many looks per second."""
    return max(1, round(rate / looks))


def _inside(face: Face, rgb: Pixels) -> bool:
    """Whether the picture holds eyes, nose and mouth of a face."""
    return bool((face.points >= 0).all() and (face.points <= np.array(rgb.shape[1::-1]) - 1).all())
