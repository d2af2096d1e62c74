"""A sweep of pass 1 that gives the faces of a clip their meshes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.faces.mesh.mesher import LOST, Mesher
from facefix.faces.mesh.smoothing import smooth
from facefix.media import colour, decode
from facefix.pipeline.progress import Progress, fps
from facefix.types import ClipInfo, Face, Pixels, Span, Track

_BATCH_FRAMES = 4


def with_meshes(clip: ClipInfo, tracks: Sequence[Track], device: str, progress: Progress) -> tuple[Track, ...]:
    """The tracks, their faces with meshes smoothed over the track; None in frames whose mesh is not to be believed.

    Raises:
        ModelError: the network's weights are missing.
        SettingsError: there is no such device.
    """
    if not tracks:
        return ()
    mesher = Mesher(device)
    points: dict[int, list[NDArray[float32]]] = {track.id: [] for track in tracks}
    sure: dict[int, list[NDArray[float32]]] = {track.id: [] for track in tracks}
    batch: list[tuple[int, Pixels, Face]] = []

    def flush() -> None:
        found = mesher.meshes([rgb for _, rgb, _ in batch], np.stack([face.points for *_, face in batch]))
        for (track, *_), mesh, confidence in zip(batch, found.points, found.confidence, strict=True):
            points[track].append(mesh)
            sure[track].append(confidence)
        batch.clear()

    span = Span(min(t.span.start for t in tracks), max(t.span.end for t in tracks))
    for done, frame in enumerate(decode.Decoder(clip, span), start=1):
        present = [(track.id, face) for track in tracks if (face := track.at(frame.index)) is not None]
        if present:
            rgb = colour.to_rgb(frame, clip)
            batch += [(id, rgb, face) for id, face in present]
        if batch and done % _BATCH_FRAMES == 0:
            flush()
        progress("meshing", done, len(span))
    if batch:
        flush()
    return tuple(_meshed(t, np.stack(points[t.id]), np.stack(sure[t.id]), fps(clip)) for t in tracks)


def _meshed(track: Track, meshes: NDArray[float32], confidence: NDArray[float32], rate: float) -> Track:
    believed = confidence.mean(1) >= LOST
    smoothed = smooth(meshes, confidence, rate)
    faces = zip(track.faces, smoothed, believed, strict=True)
    return replace(track, faces=tuple(replace(face, mesh=mesh if sure else None) for face, mesh, sure in faces))
