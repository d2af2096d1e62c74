"""Pass 2: plan -> repaired clip, and both passes in one call."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from facefix import compose, files, memory
from facefix.errors import PlanError
from facefix.media import colour, decode, encode, probe, remux
from facefix.models import devices
from facefix.pipeline.analysing import analyse, plan
from facefix.pipeline.progress import Progress, silent
from facefix.pipeline.treating import Prepared, prepare, treated
from facefix.plan import Plan, Treatment, fingerprint
from facefix.settings import Settings
from facefix.types import Analysis, ClipInfo, Finding, Frame, Judgement, Patch, Span, Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What a render did."""

    clip: Path
    out: Path
    compare: Path | None
    frames: int
    """Frames written."""
    repaired_frames: int
    copied: bool
    """True when there was nothing to do and the streams were copied, not re-encoded."""
    faces: int | None
    """Tracks found; None when a ready plan was rendered."""
    findings: tuple[Finding, ...]
    """What the analysis found, treated or not; empty when a ready plan was rendered."""
    untreated: tuple[Finding, ...]
    """Those of them of which no frame was treated."""
    judgement: Judgement
    """Of the clip as it was before."""
    rate: Fraction | None
    """Frames per second, for time codes."""
    warnings: tuple[str, ...]
    """Sentences for the user, each once: what the clip lacks, what the result cannot keep."""
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """That of the judgement."""
        return self.judgement.verdict


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    plan: Plan
    clip: ClipInfo
    out: Path
    settings: Settings
    overwrite: bool
    progress: Progress

    @property
    def whole(self) -> bool:
        return self.plan.span == Span(0, self.plan.frames)

    @property
    def compare(self) -> Path | None:
        return self.out.with_name(f"{self.out.stem}_compare{self.out.suffix}") if self.settings.compare else None

    @property
    def spec(self) -> encode.EncodeSpec:
        crf = self.plan.crf if self.settings.crf is None else self.settings.crf
        return encode.EncodeSpec(self.settings.codec or self.plan.codec, crf)


def repair(
    path: Path,
    out: Path,
    settings: Settings | None = None,
    *,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Report:
    """Both passes: diagnose a clip, repair what can be repaired, write the result.

    Raises:
        FacefixError: bad input, an output that cannot be written, missing weights.
    """
    settings = settings or Settings()
    started = time.monotonic()
    _check(Path(path), Path(out), settings, encode.EncodeSpec(settings.codec, settings.crf), overwrite)
    analysis = analyse(path, settings, progress=progress)
    job = _Job(plan(analysis, settings), analysis.clip, Path(out), settings, overwrite, progress)
    return _render(job, started, analysis)


def render(
    plan: Plan,
    out: Path,
    *,
    clip: Path | None = None,
    settings: Settings | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Report:
    """Pass 2: execute a plan.

    Args:
        clip: where the clip is now; default: where it was when the plan was made.
        settings: `compare`, `device`, and `codec` and `crf` where given, which override the plan's.

    Raises:
        PlanError: the plan belongs to another clip or names a mode or restorer facefix does not have.
        FacefixError: as `repair`.
    """
    settings = settings or Settings()
    started = time.monotonic()
    info = probe.probe(Path(clip or plan.clip))
    if fingerprint(info.path) != plan.fingerprint:
        raise PlanError(
            f"{info.path}: the plan was made for another clip ({plan.clip}); run `facefix inspect --plan` on this one."
        )
    job = _Job(plan, info, Path(out), settings, overwrite, progress)
    _check(info.path, job.out, settings, job.spec, overwrite)
    return _render(job, started, None)


def _check(clip: Path, out: Path, settings: Settings, spec: encode.EncodeSpec, overwrite: bool) -> None:
    """Fail before the work, not after it."""
    info = probe.probe(clip)
    files.check_output(clip, out, overwrite=overwrite)
    if settings.compare:
        files.check_output(clip, out.with_name(f"{out.stem}_compare{out.suffix}"), overwrite=overwrite)
    if settings.device not in ("auto", "cpu"):
        devices.resolve(settings.device)
    encoder = encode.choose_encoder(info, out, spec)
    if spec.codec is not None:
        encode.try_encoder(encoder, info.video.width, info.video.height)


def _render(job: _Job, started: float, analysis: Analysis | None) -> Report:
    findings = tuple(f for d in analysis.diagnoses for f in d.findings) if analysis else ()
    asked = job.compare is not None or job.spec != encode.EncodeSpec()
    memory.keep_large_blocks_apart()
    prepared = prepare(job.plan, job.clip, job.settings, job.progress)
    # Nothing to treat, or nothing left of it after the trial.
    idle = not prepared.repairs and job.whole and not asked
    copied = idle and remux.can_copy(job.clip, job.out)
    if copied:
        frames, repaired, notes = job.plan.frames, 0, list(remux.remux(job.clip, job.out))
    else:
        frames, repaired, notes = _execute(job, prepared)
    notes += [one.sentence for one in prepared.refused]
    done = [t for t in job.plan.treatments if all(t is not one.treatment for one in prepared.refused)]
    if idle and not copied:
        notes.append(f"A {job.out.suffix} file holds no {job.clip.video.codec} pictures; they were encoded again.")
    return Report(
        clip=job.clip.path,
        out=job.out,
        compare=job.compare,
        frames=frames,
        repaired_frames=repaired,
        copied=copied,
        faces=len(analysis.diagnoses) if analysis else None,
        findings=findings,
        untreated=tuple(f for f in findings if not any(_part_of(t, f) for t in done)),
        judgement=analysis.judgement if analysis else _judgement(job.plan),
        rate=job.clip.video.rate,
        warnings=tuple(dict.fromkeys([*(analysis.warnings if analysis else ()), *notes])),
        seconds=time.monotonic() - started,
    )


def _part_of(treatment: Treatment, finding: Finding) -> bool:
    """Whether it treats some frames of the finding."""
    same = (treatment.track, treatment.mode) == (finding.track, finding.mode)
    return same and finding.span.start <= treatment.span.start < treatment.span.end <= finding.span.end


def _judgement(plan: Plan) -> Judgement:
    """What a plan alone tells."""
    return Judgement("repair", "the plan says so.") if plan.treatments else Judgement("clean", "the plan treats nothing.")


def _execute(job: _Job, prepared: Prepared) -> tuple[int, int, list[str]]:
    """Decode, treat, encode. Returns frames written, frames changed, and sentences for the user."""
    plan, clip = job.plan, job.clip
    part = None if job.whole else _pts_of(clip, plan.span)
    decoder = decode.Decoder(clip, None if job.whole else plan.span)
    written = changed = 0
    with ExitStack() as stack:
        writer = stack.enter_context(encode.Writer(clip, job.out, job.spec, span_pts=part))
        side = None
        if job.compare is not None:
            width, height = clip.video.display_size
            double = (2 * width, height)
            side = stack.enter_context(encode.Writer(clip, job.compare, job.spec, size=double, span_pts=part))
        for frame, patches in treated(decoder, clip, prepared.repairs):
            result = _composed(frame, clip, patches)
            writer.write(result)
            if side is not None:
                both = np.concatenate([colour.to_rgb(frame, clip), colour.to_rgb(result, clip)], axis=1)
                side.write_rgb(both, frame)
            written += 1
            changed += result is not frame
            job.progress("repairing", written, len(plan.span))
    notes = [*([decoder.trouble] if decoder.trouble else []), *writer.notes]
    return written, changed, notes


def _pts_of(clip: ClipInfo, span: Span) -> tuple[int, int]:
    """First pts of a part and the pts behind its last frame."""
    first = last = None
    for frame in decode.Decoder(clip, Span(span.start, span.end + 1)):
        if frame.index == span.end:
            return first or 0, frame.pts
        first = frame.pts if first is None else first
        last = frame
    rate = clip.video.rate or 25
    return first or 0, (last.pts + (last.duration or round(1 / (rate * clip.video.time_base)))) if last else 0


def _composed(frame: Frame, clip: ClipInfo, patches: list[Patch]) -> Frame:
    """The frame with its patches; the very same object when they change no pixel."""
    if not patches:
        return frame
    before = colour.to_rgb(frame, clip)
    after, box = compose.add(before, patches)
    if box is None or np.array_equal(before, after):
        return frame
    return colour.write_back(frame, clip, before, after, box)
