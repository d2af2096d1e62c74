"""A closer look at some frames of every track: what a face is compared by between clips."""

from __future__ import annotations

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
from facefix.pipeline.looking import Looker, Seen
from facefix.pipeline.progress import Progress, silent
from facefix.types import Analysis, Diagnosis, Face, Pixels, Span

SAMPLES = 20
"""Frames of each track that are looked at, at most."""
TEXTURE_PX = 120.0
"""Smaller faces do not hold the finest detail that clips are compared by."""
_SKIN_CELLS = np.s_[-1, 3:6, 2:6]
"""Of `Look.texture`: the coarsest band (1.6 to 3.3 px of 512, which faces of `TEXTURE_PX` still hold), on nose and cheeks."""
_TURNED_DEG = 45.0
"""Yaw and pitch that cost a frame as much as all its sharpness, when the best one is looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Sampler:
    """Makes samples of faces. Not thread-safe."""

    looker: Looker

    def sample(self, rgb: Pixels, faces: list[Face], light: NDArray[float32]) -> list[Sample | None]:
        """One per face of a picture (H, W, 3); None where mesh or identity is not to be had. light: see `appearance`."""
        seen = self.looker.looks([rgb] * len(faces), [face.points for face in faces])
        return [_sampled(face, one, light) for face, one in zip(faces, seen, strict=True)]


def samples(
    analysis: Analysis, device: str = "auto", count: int = SAMPLES, *, progress: Progress = silent
) -> dict[int, tuple[Sample, ...]]:
    """Track id -> its samples in order, none where the face is too small or never seen well.

    Raises:
        ModelError: weights are missing.
    """
    chosen = {d.track.id: frozenset(_chosen(d, count)) for d in analysis.diagnoses}
    found: dict[int, list[Sample]] = {id: [] for id in chosen}
    wanted = sorted(frozenset().union(*chosen.values()))
    sampler = Sampler(Looker(device))
    span = Span(wanted[0], wanted[-1] + 1) if wanted else Span(0, 0)
    for done, frame in enumerate(decode.Decoder(analysis.clip, span) if wanted else (), start=1):
        here = [d.track for d in analysis.diagnoses if frame.index in chosen[d.track.id]]
        if here:
            rgb = colour.to_rgb(frame, analysis.clip)
            shown = [face for d in analysis.diagnoses if (face := d.track.at(frame.index)) is not None]
            faces = [face for track in here if (face := track.at(frame.index)) is not None]
            some = sampler.sample(rgb, faces, appearance.light(rgb, [face.box for face in shown]))
            for track, sample in zip(here, some, strict=True):
                found[track.id] += [sample] if sample is not None else []
        progress("comparing", done, len(span))
    return {id: tuple(some) for id, some in found.items()}


def _chosen(diagnosis: Diagnosis, count: int) -> list[int]:
    """Frames spread over the track, of each stretch the one seen best: sharp and frontal."""
    track = diagnosis.track
    crisp = np.nan_to_num(diagnosis.signals["crispness"])
    rank = np.full(len(track.faces), -np.inf)
    for i, face in enumerate(track.faces):
        turned = pose(face.points)
        if face.score > 0 and abs(turned.yaw) <= MAX_YAW and align.face_px(face) >= MIN_FACE_PX:
            rank[i] = crisp[i] / max(float(crisp.max()), 1e-6) - (abs(turned.yaw) + abs(turned.pitch)) / _TURNED_DEG
    edges = np.linspace(0, len(rank), min(count, len(rank)) + 1).astype(int)
    best = [int(a + np.argmax(rank[a:b])) for a, b in pairwise(edges)]
    return [track.span.start + i for i in best if np.isfinite(rank[i])]


def _sampled(face: Face, seen: Seen, light: NDArray[float32]) -> Sample | None:
    look = seen.look
    if look.identity is None or seen.confidence < LOST:
        return None
    size = align.face_px(face)
    return Sample(
        frame=face.frame,
        face_px=size,
        pose=look.pose,
        identity=look.identity,
        shape=shape.load().identify(look.shape),
        proportions=appearance.proportions(look.shape),
        tone=look.tone,
        white_tone=appearance.in_white(look.tone, light),
        texture=float(np.sqrt(np.median(look.texture[_SKIN_CELLS]))) if size >= TEXTURE_PX else float("nan"),
    )
