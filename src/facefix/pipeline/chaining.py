"""The last good frame of a clip, to start the next one from.

Frames are asked from the end on: what is seen without a network more (`fitness`) first, then whether each large face is still
its character's or, where it has none, the one that the clip began with.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facefix.characters.sample import Sample
from facefix.characters.shifts import identity_distance, meet, shift
from facefix.characters.weighing import severity, severity_from_pictures
from facefix.characters.wording import sentences
from facefix.diagnose.spans import VISIBLE
from facefix.errors import FacefixError
from facefix.faces import likeness
from facefix.media import colour, decode, probe
from facefix.pipeline import fitness
from facefix.pipeline.analysing import analyse, plan
from facefix.pipeline.casting import people
from facefix.pipeline.equipping import equipped
from facefix.pipeline.preparing import around
from facefix.pipeline.progress import Progress, fps, silent
from facefix.pipeline.rendering import Report, render
from facefix.pipeline.sampling import of_pictures, samples, samples_at
from facefix.plan import Plan
from facefix.repair.cures import CURES, curable
from facefix.settings import Settings
from facefix.types import Analysis, ClipInfo, Pixels, Span, VideoInfo

SAME_FACE = 0.45
"""Identity distance, at like poses, of one frame to the face as the clip began with it, from which on it is another."""
SAME_CHARACTER = likeness.SAME
"""The same to a character's pictures: they show other moods and other light."""
_EARLY_SHARE, _LATE_SHARE = 0.5, 0.25
"""Parts of a face's samples that say what the clip began with, and what it ends with."""
_X264_LOSSLESS = ("yuv420p", "yuvj420p")
_ASKED = 8
"""Frames whose identity is measured, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """A frame to go on from."""

    clip: ClipInfo
    frame: int
    end: int
    """The frame behind the last one that was looked at."""
    later: tuple[tuple[Span, str], ...]
    """Stretches behind it, with the reason why none of them was taken."""
    drifted: tuple[str, ...]
    """Sentences: faces that have become others by the end of the clip."""
    repaired: bool
    scale: int
    pixels: Pixels
    """(H, W, 3) RGB as displayed, uint8, or uint16 for sources of more than 8 bits."""
    warnings: tuple[str, ...]


def anchor(clip: Path, settings: Settings | None = None, *, fix: bool = False, progress: Progress = silent) -> Anchor:
    """Find the last good frame of a clip's last shot, and fetch it.

    Args:
        fix: repair it, too; frames with a fault that can be repaired then count as good.

    Raises:
        FacefixError: no frame is good; the clip cannot be read.
    """
    settings = settings or Settings()
    with equipped(settings):
        return _anchored(clip, settings, fix, progress)


def _anchored(clip: Path, settings: Settings, fix: bool, progress: Progress) -> Anchor:
    whole = analyse(clip, settings, meshes=True, progress=progress)
    span = _last_shot(whole)
    analysis = replace(whole, diagnoses=fitness.large([d for d in whole.diagnoses if d.track.span.start >= span.start]))
    reasons = fitness.unfit(analysis, span, forgiven=tuple(CURES) if fix else ())
    tracks = [d.track for d in analysis.diagnoses]
    seen = samples(whole.clip, tracks, settings.devices[0], progress=progress)
    standards = _standards(analysis, seen, settings)
    mended = _mendable(analysis) if fix else frozenset()
    frame = _latest(analysis, span, reasons, standards, mended, settings, progress)
    made = _fetched(whole, frame, settings, fix, progress)
    if made is None:
        reasons = fitness.unfit(analysis, span)
        frame = _latest(analysis, span, reasons, standards, frozenset(), settings, progress)
        made = _fetched(whole, frame, settings, False, progress)
    assert made is not None
    later = tuple(fitness.runs(reasons[frame + 1 - span.start :], frame + 1))
    several = len(seen) > 1
    drifted = tuple(words for id, some in seen.items() if (words := _drift(id, some, several, standards.get(id))) is not None)
    return Anchor(whole.clip, frame, span.end, later, drifted, made.repaired, settings.scale, made.pixels, whole.warnings)


def _last_shot(analysis: Analysis) -> Span:
    last = analysis.shots[-1].span
    return Span(max(last.start, analysis.span.start), min(last.end, analysis.span.end))


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """What a face ought to look like."""

    samples: tuple[Sample, ...]
    farthest: float
    """Identity distance from which on a frame shows another."""
    character: str | None = None
    """By whose pictures; None: as the clip began with it."""


def _standards(analysis: Analysis, seen: Mapping[int, Sequence[Sample]], settings: Settings) -> dict[int, Standard]:
    """Track -> its standard; none where the face was hardly seen and is no character's."""
    cast = {d.track.id: d.character for d in analysis.diagnoses if d.character is not None}
    views = {one.name: of_pictures(one) for one in people(settings) if one.name in cast.values()}
    found = {}
    for id, some in seen.items():
        name = cast.get(id)
        if name is not None and views[name]:
            found[id] = Standard(views[name], SAME_CHARACTER, name)
        elif len(some) >= 2:
            found[id] = Standard(tuple(some[: max(2, round(_EARLY_SHARE * len(some)))]), SAME_FACE)
    return found


def _latest(
    analysis: Analysis,
    span: Span,
    reasons: fitness.Reasons,
    standards: Mapping[int, Standard],
    mended: frozenset[int],
    settings: Settings,
    progress: Progress,
) -> int:
    """The last good frame; into `reasons` goes what the identity network says of those behind it.

    mended: frames that are repaired before anybody looks at them: whom they show now does not count.

    Raises:
        FacefixError: there is none.
    """
    good = [span.start + i for i, why in enumerate(reasons) if why is None]
    asked = _spread(good)
    answers = samples_at(analysis.clip, [d.track for d in analysis.diagnoses], asked, settings.devices[0], progress=progress)
    strange = None
    for frame in reversed(asked):
        apart = [
            (identity_distance([sample], own.samples), own)
            for id, some in answers.items()
            for sample in some
            if sample.frame == frame and (own := standards.get(id)) is not None and meet([sample], own.samples, least=1)
        ]
        if frame in mended or all(value < own.farthest for value, own in apart):
            for later in (f for f in good if f > frame and strange is not None):
                reasons[later - span.start] = strange
            return frame
        far, own = max(apart, key=lambda one: one[0] - one[1].farthest)
        than = "at the start" if own.character is None else f"{own.character}'s"
        strange = f"another face than {than} (identity distance {far:.2f})"
    # A shot with no good frame may have many reasons; the commonest says most.
    common = strange or max((why for why in reasons if why is not None), key=reasons.count, default="nothing in it")
    raise FacefixError(
        f"{analysis.clip.path}: no frame of the last shot is good enough to go on from (mostly: {common}); "
        "repair the clip first, try --fix, or name an earlier part with --range."
    )


def _mendable(analysis: Analysis) -> frozenset[int]:
    """Frames with a fault that has a cure."""
    spans = [finding.span for d in analysis.diagnoses for finding in d.findings if curable(finding)]
    return frozenset(frame for span in spans for frame in range(span.start, span.end))


def _spread(good: Sequence[int]) -> list[int]:
    """Some of the good frames, in order: the last, and ever fewer further back."""
    back = np.unique(np.round(np.geomspace(1, len(good), min(_ASKED, len(good)))).astype(int)) if good else []
    return sorted(good[-int(k)] for k in back)


def _drift(track: int, some: Sequence[Sample], several: bool, standard: Standard | None = None) -> str | None:
    """A sentence where the end of a track shows another face than its character's pictures, or than its beginning."""
    early = some[: round(_EARLY_SHARE * len(some))]
    late = some[len(some) - round(_LATE_SHARE * len(some)) :]
    if standard is not None and standard.character is not None:
        return _departed(standard, late)
    if len(early) < 3 or len(late) < 3 or not meet(late, early):
        return None
    change = shift(late, early)
    words = sentences(change)
    if severity(change) < VISIBLE or not words:
        return None
    who = f"face {track}" if several else "the face"
    return f"By its end the clip has drifted: {who} is not as it began ({', '.join(words)}; drift {severity(change):.2f})."


def _departed(standard: Standard, late: Sequence[Sample]) -> str | None:
    if len(late) < 2 or not meet(late, standard.samples, least_other=1):
        return None
    change = shift(late, standard.samples)
    drift = severity_from_pictures(change, len(standard.samples))
    if drift < VISIBLE:
        return None
    words = ", ".join((*sentences(change), f"drift {drift:.2f}"))
    far = float(np.linalg.norm(change.identity))
    return f"By its end the clip has drifted from {standard.character}: identity distance {far:.2f} to the pictures ({words})."


@dataclass(frozen=True, slots=True, eq=False)
class _Fetched:
    pixels: Pixels
    repaired: bool


def _fetched(analysis: Analysis, frame: int, settings: Settings, fix: bool, progress: Progress) -> _Fetched | None:
    """The frame, repaired and enlarged where asked for: both are rendered without loss, on as little as they need.

    None where it was to be repaired, and no repair of it was any good.
    """
    clip = analysis.clip
    work = plan(analysis, settings)
    treated = fix and any(frame in treatment.span for treatment in work.treatments)
    with tempfile.TemporaryDirectory(prefix="facefix-anchor-") as folder:
        if treated:
            reach = around(fps(clip))
            near = Span(max(0, frame - reach), min(analysis.frames, frame + reach + 1))
            plain = replace(settings, scale=1, upscaler="auto", compare=False)
            out = Path(folder) / "repaired.mkv"
            report = _rendered(_part(work, near, clip.video), out, plain, clip, progress)
            if not any(proof.kept and frame in proof.span for proof in report.proofs):
                return None
            clip = probe.probe(out)
            frame -= near.start
        if settings.scale > 1:
            one = Span(frame, frame + 1)
            bare = replace(plan(replace(analysis, clip=clip, diagnoses=()), settings), clip=clip.path)
            out = Path(folder) / "enlarged.mkv"
            _rendered(_part(bare, one, clip.video), out, settings, clip, progress)
            clip = probe.probe(out)
            frame = 0
        for picture in decode.Decoder(clip, Span(frame, frame + 1)):
            return _Fetched(colour.to_rgb(picture, clip), treated)
    raise FacefixError(f"{clip.path}: frame {frame} cannot be decoded any more.")


def _part(work: Plan, span: Span, video: VideoInfo) -> Plan:
    """The plan for some frames only, without loss."""
    mine = tuple(t for t in work.treatments if t.span.start < span.end and span.start < t.span.end)
    # Of FFV1 nobody knows where chroma lies, so where H.264 is lossless, too, colours come back as they are in the source.
    codec, crf = ("libx264", 0) if video.pixel_format in _X264_LOSSLESS else ("ffv1", None)
    return replace(work, span=span, treatments=mine, codec=codec, crf=crf)


def _rendered(work: Plan, out: Path, settings: Settings, clip: ClipInfo, progress: Progress) -> Report:
    return render(work, out, clip=clip.path, settings=replace(settings, codec=None, crf=None), progress=progress)
