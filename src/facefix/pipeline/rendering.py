"""Pass 2: plan -> repaired clip, and both passes in one call."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

from facefix import files, memory
from facefix.errors import PlanError
from facefix.media import encode, probe
from facefix.models import devices, zoo
from facefix.pipeline import enlarging
from facefix.pipeline.analysing import analyse_uncast, plan
from facefix.pipeline.casting import cast, people
from facefix.pipeline.checkpoint import Workspace
from facefix.pipeline.equipping import equipped
from facefix.pipeline.executing import Job, execute, part_of
from facefix.pipeline.measuring import Laid
from facefix.pipeline.paging import planned, write_page
from facefix.pipeline.progress import Progress, silent
from facefix.pipeline.proof import Measured, Proof
from facefix.pipeline.remembering import analysed
from facefix.pipeline.stilling import Stills, resolve_frames
from facefix.pipeline.treating import prepare
from facefix.plan import Plan, Treatment, fingerprint
from facefix.repair import masks
from facefix.repair.restorers import named
from facefix.report import schema
from facefix.settings import Settings
from facefix.types import Analysis, Finding, Judgement, Verdict
from facefix.upscale import UPSCALERS

_LOG = logging.getLogger(__name__)


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
    """Those of them of which no frame of the result is treated."""
    judgement: Judgement
    """Of the clip as it was before."""
    rate: Fraction | None
    """Frames per second, for time codes."""
    warnings: tuple[str, ...]
    """Sentences for the user, each once: what the clip lacks, what the result cannot keep."""
    seconds: float
    size: tuple[int, int]
    """(width, height) of the result as displayed."""
    scale: int = 1
    """How many times larger than the clip."""
    upscaler: str | None = None
    """What enlarged it; None where nothing did."""
    proofs: tuple[Proof, ...] = ()
    """What every treatment that was rendered did to its face, as measured on the way; those taken back included."""
    page: Path | None = None
    """The page about it, where one was asked for."""
    first: int = 0
    """Frame of the clip that is the result's first."""
    stills: tuple[Path, ...] = ()
    """Pictures of single frames that were asked for."""

    @property
    def verdict(self) -> Verdict:
        """That of the judgement."""
        return self.judgement.verdict


def repair(
    path: Path,
    out: Path,
    settings: Settings | None = None,
    *,
    overwrite: bool = False,
    progress: Progress = silent,
    workspace: Workspace | None = None,
) -> Report:
    """Both passes: diagnose a clip, repair what can be repaired, write the result.

    workspace: where to keep the analysis and finished segments of the render, and to look for them first. The result is then
    encoded in segments, and the same however often the work was broken off.

    Raises:
        FacefixError: bad input, an output that cannot be written, missing weights.
    """
    settings = settings or Settings()
    started = time.monotonic()
    with equipped(settings), _reported(settings):
        _check(Path(path), Path(out), settings, encode.EncodeSpec(settings.codec, settings.crf), overwrite)
        zoo.check(named(settings.restorer).files)
        # Batches of another size give the same meshes but for rounding, and a job that was broken off must go on with the same
        # bits by a kept analysis, which has no meshes: they are taken over only where nothing is kept.
        laid: Laid = {}
        if workspace is None:
            known = people(settings)
            analysis = cast(analyse_uncast(Path(path), settings, False, progress, laid), known, settings)
        else:
            analysis = analysed(path, settings, workspace.analyses, progress)
        job = Job(
            plan(analysis, settings), analysis.clip, Path(out), settings, overwrite, progress, _found(analysis),
            analysis.judgement.regenerate, workspace=workspace,
        )  # fmt: skip
        return _render(job, started, analysis, laid)


def render(
    plan: Plan,
    out: Path,
    *,
    clip: Path | None = None,
    settings: Settings | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
    workspace: Workspace | None = None,
) -> Report:
    """Pass 2: execute a plan.

    Args:
        clip: where the clip is now; default: where it was when the plan was made.
        settings: `compare`, `compare_as`, `frames`, `report`, `device`, `mask`, `scale`, `upscaler`, `models_dir`, and `codec`
            and `crf` where given, which override the plan's.
        workspace: as `repair`.

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
    # All that a plan knows of what was found.
    found = tuple(Finding(t.mode, t.track, t.span, t.severity, t.why) for t in plan.treatments)
    job = Job(plan, info, Path(out), settings, overwrite, progress, found, workspace=workspace)
    with equipped(settings), _reported(settings):
        _check(info.path, job.out, settings, job.spec, overwrite)
        return _render(job, started, None)


def _check(clip: Path, out: Path, settings: Settings, spec: encode.EncodeSpec, overwrite: bool) -> None:
    """Fail before the work, not after it."""
    info = probe.probe(clip)
    files.check_output(clip, out, overwrite=overwrite)
    if settings.compare:
        files.check_output(clip, files.compare_path(out), overwrite=overwrite)
    if settings.report:
        files.check_output(clip, files.page_path(clip, Path(settings.report)), overwrite=overwrite)
    if settings.device not in ("auto", "cpu"):
        for device in settings.devices:
            devices.resolve(device)
    encoder = encode.choose_encoder(info, out, spec)
    _LOG.info("%s: to be encoded by %s, %s, %s", clip, encoder.name, encoder.pixel_format, dict(encoder.options))
    zoo.check(masks.named(settings.mask, settings.devices[0]).files)
    if settings.upscaler != "auto":
        zoo.check(UPSCALERS[settings.upscaler].files)
    if spec.codec is not None or settings.scale > 1:
        encode.try_encoder(encoder, settings.scale * info.video.width, settings.scale * info.video.height)


def _render(job: Job, started: float, analysis: Analysis | None, laid: Laid | None = None) -> Report:
    findings = _found(analysis) if analysis else ()
    memory.keep_large_blocks_apart()
    stills = Stills(job.clip, job.out, resolve_frames(job.settings.frames, job.clip, job.plan.span))
    for place in stills.places:
        files.check_output(job.clip.path, place, overwrite=job.overwrite)
    prepared = prepare(job.plan, job.clip, job.settings, job.progress, laid)
    _LOG.info("%s: %d treatments, restorer %s", job.clip.path, len(job.plan.treatments), named(job.plan.restorer).name)
    for treatment in job.plan.treatments:
        _LOG.debug("%s: %s", job.clip.path, treatment)
    with stills.folder(job.workspace.renders if job.workspace is not None else None) as folder:
        with memory.large_blocks_reused():
            outcome = execute(replace(job, keep=partial(stills.keep, folder)), prepared)
        if outcome.copied:
            stills.untouched(folder)
        stills.deliver(folder)
    notes = [*outcome.notes, *(one.sentence for one in prepared.refused)]
    report = Report(
        clip=job.clip.path,
        out=job.out,
        compare=job.compare,
        frames=outcome.frames,
        repaired_frames=outcome.changed,
        copied=outcome.copied,
        faces=len(analysis.diagnoses) if analysis else None,
        findings=findings,
        untreated=_untreated(findings, outcome.treatments),
        judgement=analysis.judgement if analysis else _judgement(job.plan),
        rate=job.clip.video.rate,
        warnings=tuple(dict.fromkeys([*(analysis.warnings if analysis else ()), *notes])),
        seconds=time.monotonic() - started,
        size=enlarging.enlarged_size(job.clip, job.settings.scale),
        scale=job.settings.scale,
        upscaler=outcome.upscaler,
        proofs=(*outcome.proofs, *(Measured(t, None, touched=False).proof(True) for t in prepared.faded)),
        first=job.plan.span.start,
        stills=tuple(stills.places),
    )
    if job.settings.report is None:
        return report
    page = _write_page(job, analysis or planned(job.plan, job.clip, report.judgement), report, outcome.treatments)
    return replace(report, page=page, seconds=time.monotonic() - started)


def _reported(settings: Settings) -> contextlib.AbstractContextManager[None]:
    """A context for work that ends in a report: its folder is made."""
    return files.folder_made(Path(settings.report)) if settings.report else contextlib.nullcontext()


def _write_page(job: Job, analysis: Analysis, report: Report, treatments: Sequence[Treatment]) -> Path:
    assert job.settings.report is not None
    findings = tuple(f for d in analysis.diagnoses for f in d.findings)
    told = schema.outcome(replace(report, findings=findings, untreated=_untreated(findings, treatments)))
    return write_page(analysis, Path(job.settings.report), job.settings, outcome=told, progress=job.progress)


def _untreated(findings: Sequence[Finding], treatments: Sequence[Treatment]) -> tuple[Finding, ...]:
    return tuple(f for f in findings if not any(part_of(t, f) for t in treatments))


def _found(analysis: Analysis) -> tuple[Finding, ...]:
    return tuple(finding for diagnosis in analysis.diagnoses for finding in diagnosis.findings)


def _judgement(plan: Plan) -> Judgement:
    """What a plan alone tells."""
    return Judgement("repair", "the plan says so.") if plan.treatments else Judgement("clean", "the plan treats nothing.")
