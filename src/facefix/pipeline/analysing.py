"""Pass 1: clip -> analysis -> plan."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix import memory, shots
from facefix import plan as planning
from facefix.diagnose import generators, modes
from facefix.diagnose.verdict import of_clip, of_face
from facefix.errors import InputError
from facefix.faces.detectors import Detector, named
from facefix.faces.track import Sightings
from facefix.media import colour, decode, probe
from facefix.pipeline.casting import cast, people, planned
from facefix.pipeline.equipping import equipped
from facefix.pipeline.loading import loaded
from facefix.pipeline.measuring import Laid, measure_tracks
from facefix.pipeline.overlapping import ahead
from facefix.pipeline.profiling import clocked, clocked_each
from facefix.pipeline.progress import Progress, fps, silent
from facefix.plan import Plan
from facefix.ranges import RangeEnd, parse_range
from facefix.repair.cures import CURES
from facefix.settings import Settings
from facefix.types import Analysis, ClipInfo, Diagnosis, Pixels, Shot, Span, Track

_LOG = logging.getLogger(__name__)
_DETECT_BATCH = 8
_DETECT_PIXELS = 16_000_000
"""Pixels of a batch: fewer of larger pictures, for they wait in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """What the first sweep knows of a clip; fields as in `Analysis`."""

    clip: ClipInfo
    frames: int
    span: Span
    shots: tuple[Shot, ...]
    tracks: tuple[Track, ...]
    warnings: tuple[str, ...]


def analyse(path: Path, settings: Settings | None = None, *, meshes: bool = False, progress: Progress = silent) -> Analysis:
    """Pass 1: find every face of a clip, measure it, say what is wrong.

    Args:
        meshes: give every face its mesh too, at the price of 6 KB of memory per face and frame.

    Raises:
        InputError: the clip cannot be read or not one frame of it decodes.
        ModelError: weights are missing or damaged.
    """
    settings = settings or Settings()
    with equipped(settings):
        known = people(settings)
        return cast(analyse_uncast(path, settings, meshes, progress), known, settings)


def analyse_uncast(path: Path, settings: Settings, meshes: bool, progress: Progress, laid: Laid | None = None) -> Analysis:
    """The same without characters: what does not change when they do. laid: see `measuring.measure_tracks`."""
    seen = follow(path, settings, progress=progress)
    clip = seen.clip
    device = settings.devices[0]
    tracks, signals = measure_tracks(clip, seen.tracks, device, keep_meshes=meshes, progress=progress, laid=laid)
    generator = generators.resolve(settings.generator, clip.origin)
    _LOG.info(
        "%s: %d shots, %d faces; generator %s, %s", clip.path, len(seen.shots), len(tracks), generator.name, generator.why
    )
    priors = generators.priors(generator.name)
    diagnoses = tuple(_diagnose(clip, track, signals[track.id], priors) for track in tracks)
    return Analysis(
        clip=clip,
        frames=seen.frames,
        span=seen.span,
        shots=seen.shots,
        diagnoses=diagnoses,
        judgement=of_clip(diagnoses),
        generator=generator,
        warnings=seen.warnings,
    )


def follow(path: Path, settings: Settings, *, progress: Progress = silent) -> Followed:
    """The first sweep of pass 1 alone: who is where, and nothing of what is wrong with them.

    Raises:
        InputError, ModelError: as `analyse`.
    """
    memory.keep_large_blocks_apart()
    clip = probe.probe(Path(path))
    wanted = resolve_range(settings.range, clip)
    spec = named(settings.detector, settings.devices[0])
    _LOG.info("%s: faces are looked for by %s, device %s", clip.path, spec.name, settings.devices[0])
    shots_found, tracks, decoder = find(clip, wanted, loaded(spec.load, spec.files, settings.devices[0]), progress)
    span = Span(wanted.start, min(wanted.end, decoder.decoded)) if wanted else Span(0, decoder.decoded)
    if not len(span):
        what = "no frame of it decodes" if not decoder.decoded else f"has {decoder.decoded} frames, none in the range"
        raise InputError(f"{clip.path}: {what}.")
    return Followed(clip, decoder.decoded, span, shots_found, tracks, (decoder.trouble,) if decoder.trouble else ())


def plan(analysis: Analysis, settings: Settings | None = None) -> Plan:
    """Findings + settings -> what `render` will do."""
    settings = settings or Settings()
    return planning.make_plan(
        analysis,
        strength=settings.strength,
        treatable=CURES,
        only=settings.only,
        restorer=settings.restorer,
        codec=settings.codec,
        crf=settings.crf,
        output=analysis.span,
        characters=planned(people(settings), settings),
    )


def resolve_range(text: str | None, clip: ClipInfo) -> Span | None:
    """`--range` in frames of this clip; times are rounded to the nearest frame at the average rate."""
    if text is None:
        return None
    first, last = parse_range(text)

    def frame(end: RangeEnd, default: int) -> int:
        if end.frame is not None:
            return end.frame
        return default if end.seconds is None else round(end.seconds * (clip.video.rate or 25))

    return Span(frame(first, 0), frame(last, 1 << 40))


def find(
    clip: ClipInfo, span: Span | None, detector: Detector, progress: Progress
) -> tuple[tuple[Shot, ...], tuple[Track, ...], decode.Decoder]:
    """First sweep: shots, faces, identities; then the tracks, and the decoder that knows how many frames there were."""
    decoder = decode.Decoder(clip, span, count_rest=True)
    cuts, sightings = shots.ShotDetector(), Sightings(fps(clip))
    total = _expected(clip, span)
    batch: list[tuple[int, Pixels]] = []

    def pictures() -> Iterator[tuple[int, Pixels]]:
        for frame in clocked_each("decoding", decoder):
            with clocked("to RGB"):
                rgb = colour.to_rgb(frame, clip)
            with clocked("finding cuts"):
                cuts.push(frame.index, rgb)
            yield frame.index, rgb

    def flush() -> None:
        with clocked("detecting faces", len(batch)):
            faces = detector.detect([rgb for _, rgb in batch], [index for index, _ in batch])
        with clocked("identifying faces", sum(map(len, faces))):
            for (index, rgb), seen in zip(batch, faces, strict=True):
                sightings.push(index, rgb, seen)
        batch.clear()

    done = 0
    with memory.large_blocks_reused() as frame_done:
        for picture in ahead(pictures()):
            batch.append(picture)
            done += 1
            frame_done()
            if len(batch) == _DETECT_BATCH or sum(rgb[..., 0].size for _, rgb in batch) >= _DETECT_PIXELS:
                flush()
                progress("finding faces", done, total)
        if batch:
            flush()
    progress("finding faces", done, done)
    found = cuts.finish(decoder.decoded)
    with clocked("following faces"):
        return found, tuple(sightings.tracks(found)), decoder


def _diagnose(clip: ClipInfo, track: Track, signals: dict[str, NDArray[float32]], priors: Mapping[str, float]) -> Diagnosis:
    findings = modes.find_all(track, signals, fps(clip), priors)
    return Diagnosis(
        track=track,
        median_face_px=round(float(np.median(signals["face_px"])), 1),
        signals=signals,
        findings=findings,
        judgement=of_face(track, findings, fps(clip)),
    )


def _expected(clip: ClipInfo, span: Span | None) -> int | None:
    known = clip.video.declared_frames
    if span is None or known is None:
        return known
    return max(0, min(span.end, known) - span.start)
