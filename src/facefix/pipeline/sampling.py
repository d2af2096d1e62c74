"""A closer look at some frames of every track: what a face is compared by between clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.characters.sample import Sample
from facefix.faces import align, appearance
from facefix.faces.identity import MAX_YAW, MIN_FACE_PX
from facefix.faces.mesh import shape
from facefix.faces.mesh.mesher import LOST
from facefix.faces.pose import pose
from facefix.media import colour, decode
from facefix.pipeline.introducing import Person, picture
from facefix.pipeline.looking import Looker, Seen
from facefix.pipeline.progress import Progress, silent
from facefix.types import ClipInfo, Face, Look, Pixels, Span, Track

SAMPLES = 12
"""Frames of each track that are looked at, at most."""
TEXTURE_PX = 120.0
"""Smaller faces do not hold the finest detail that clips are compared by."""
_SKIN_CELLS = np.s_[-1, 3:6, 2:6]
"""Of `Look.texture`: the coarsest band (1.6 to 3.3 px of 512, which faces of `TEXTURE_PX` still hold), on nose and cheeks."""


@dataclass(frozen=True, slots=True, eq=False)
class Sampler:
    """Makes samples of faces. Not thread-safe."""

    looker: Looker

    def sample(self, rgb: Pixels, faces: list[Face], light: NDArray[float32]) -> list[Sample | None]:
        """One per face of a picture (H, W, 3); None where mesh or identity is not to be had. light: see `appearance`."""
        seen = self.looker.looks([rgb] * len(faces), [face.points for face in faces])
        return [_sampled(face, one, light) for face, one in zip(faces, seen, strict=True)]


def samples(
    clip: ClipInfo, tracks: Sequence[Track], device: str = "auto", *, progress: Progress = silent
) -> dict[int, tuple[Sample, ...]]:
    """Track id -> its samples in order, none where the face is too small or never seen well.

    Raises:
        ModelError: weights are missing.
    """
    return _sampled_at(clip, tracks, {track.id: frozenset(_chosen(track)) for track in tracks}, device, progress)


def samples_at(
    clip: ClipInfo, tracks: Sequence[Track], frames: Iterable[int], device: str = "auto", *, progress: Progress = silent
) -> dict[int, tuple[Sample, ...]]:
    """Track id -> its samples in some frames, as `samples`."""
    wanted = frozenset(frames)
    return _sampled_at(clip, tracks, {track.id: wanted for track in tracks}, device, progress)


def of_pictures(person: Person) -> tuple[Sample, ...]:
    """A character's pictures whose identity can be told, as samples; `frame` counts the pictures.

    Raises:
        InputError: one cannot be read any more.
    """
    found = []
    for number, (view, known) in enumerate(zip(person.character.views, person.bank.views, strict=True)):
        if known.look.identity is None:
            continue
        rgb, _ = picture(person.character.picture(view))
        outline = known.mesh[:, :2]
        light = appearance.light(rgb, [np.concatenate([outline.min(0), outline.max(0)])])
        size = align.face_px(Face(number, np.zeros(4, float32), known.points, 1.0))
        found.append(_of_look(known.look, known.look.identity, number, size, light))
    return tuple(found)


def _sampled_at(
    clip: ClipInfo, tracks: Sequence[Track], chosen: Mapping[int, frozenset[int]], device: str, progress: Progress
) -> dict[int, tuple[Sample, ...]]:
    found: dict[int, list[Sample]] = {id: [] for id in chosen}
    wanted = sorted({frame for frames in chosen.values() for frame in frames})
    sampler = Sampler(Looker(device))
    span = Span(wanted[0], wanted[-1] + 1) if wanted else Span(0, 0)
    for done, frame in enumerate(decode.Decoder(clip, span) if wanted else (), start=1):
        here = [t for t in tracks if frame.index in chosen[t.id] and frame.index in t.span]
        if here:
            rgb = colour.to_rgb(frame, clip)
            shown = [face for track in tracks if (face := track.at(frame.index)) is not None]
            faces = [face for track in here if (face := track.at(frame.index)) is not None]
            some = sampler.sample(rgb, faces, appearance.light(rgb, [face.box for face in shown]))
            for track, sample in zip(here, some, strict=True):
                found[track.id] += [sample] if sample is not None else []
        progress("comparing", done, len(span))
    return {id: tuple(some) for id, some in found.items()}


def _chosen(track: Track) -> list[int]:
    """Frames spread over the track, of each stretch the most frontal one."""
    turned = np.full(len(track.faces), np.inf)
    for i, face in enumerate(track.faces):
        angles = pose(face.points)
        if face.score > 0 and abs(angles.yaw) <= MAX_YAW and align.face_px(face) >= MIN_FACE_PX:
            turned[i] = abs(angles.yaw) + abs(angles.pitch)
    edges = np.linspace(0, len(turned), min(SAMPLES, len(turned)) + 1).astype(int)
    best = [int(a + np.argmin(turned[a:b])) for a, b in pairwise(edges)]
    return [track.span.start + i for i in best if np.isfinite(turned[i])]


def _sampled(face: Face, seen: Seen, light: NDArray[float32]) -> Sample | None:
    look = seen.look
    if look.identity is None or seen.confidence < LOST:
        return None
    return _of_look(look, look.identity, face.frame, align.face_px(face), light)


def _of_look(look: Look, identity: NDArray[float32], frame: int, size: float, light: NDArray[float32]) -> Sample:
    return Sample(
        frame=frame,
        face_px=size,
        pose=look.pose,
        identity=identity,
        shape=shape.load().identify(look.shape),
        proportions=appearance.proportions(look.shape),
        tone=look.tone,
        white_tone=appearance.in_white(look.tone, light),
        light=appearance.lab(light),
        texture=float(np.sqrt(np.median(look.texture[_SKIN_CELLS]))) if size >= TEXTURE_PX else float("nan"),
    )
