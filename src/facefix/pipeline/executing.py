"""Executes a plan: decode, treat, encode; again without what did no good, until nothing is left of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facefix import compose
from facefix.files import compare_path
from facefix.media import colour, decode, encode, remux
from facefix.pipeline.checkpoint import Workspace
from facefix.pipeline.enlarging import Enlarger
from facefix.pipeline.overlapping import ahead
from facefix.pipeline.preparing import around
from facefix.pipeline.profiling import clocked, clocked_each
from facefix.pipeline.progress import Progress, fps
from facefix.pipeline.proof import Exam, Proof
from facefix.pipeline.remembering import known_by
from facefix.pipeline.rollback import Rollback
from facefix.pipeline.treating import Prepared, TrackRepair, treated
from facefix.pipeline.writing import Made, Segmented, Task, Written, at_once
from facefix.plan import Plan, Treatment
from facefix.repair import masks
from facefix.repair.restorers import named
from facefix.report.comparison import Caption, Comparison
from facefix.settings import Settings
from facefix.types import ClipInfo, Finding, Frame, Patch, Pixels, Span

_HDR = (16, 18)
"""PQ and HLG, in the code points of H.273."""
_LEFT = "left as it is"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What is to be rendered where, and how."""

    plan: Plan
    clip: ClipInfo
    out: Path
    settings: Settings
    overwrite: bool
    progress: Progress
    found: tuple[Finding, ...] = ()
    """What the comparison names while it lasts."""
    anew: tuple[Span, ...] = ()
    """Frames to be generated anew, which it names too."""
    keep: Callable[[Frame, Frame | Pixels], None] = lambda frame, result: None
    """Shown every frame and what was made of it."""
    workspace: Workspace | None = None
    """Where finished segments are kept; None: nothing is kept."""

    def deliver(self) -> None:
        """To be called right before the result gets its name."""
        if self.workspace is not None:
            self.workspace.deliver()

    @property
    def whole(self) -> bool:
        return self.plan.span == Span(0, self.plan.frames)

    @property
    def compare(self) -> Path | None:
        return compare_path(self.out) if self.settings.compare else None

    def comparison(self, treatments: Sequence[Treatment]) -> Comparison:
        """How before and after are shown where these treatments are in the result."""
        video = self.clip.video
        captions = [Caption("to be generated anew", span, 1.0, _LEFT) for span in self.anew]
        for finding in self.found:
            fate = "repaired" if any(part_of(treatment, finding) for treatment in treatments) else _LEFT
            captions.append(Caption(finding.mode, finding.span, finding.severity, fate))
        hdr = video.colour.transfer in _HDR
        return Comparison(self.settings.compare_as, tuple(captions) if self.compare else (), video.rate, hdr)

    @property
    def asked(self) -> bool:
        """Whether more is wanted than the clip without its faults."""
        return self.compare is not None or self.settings.scale > 1 or self.spec != encode.EncodeSpec()

    @property
    def spec(self) -> encode.EncodeSpec:
        crf = self.plan.crf if self.settings.crf is None else self.settings.crf
        return encode.EncodeSpec(self.settings.codec or self.plan.codec, crf)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What was written."""

    frames: int
    changed: int
    """Frames that differ from the clip's."""
    copied: bool
    """The streams were copied, not encoded again."""
    treatments: tuple[Treatment, ...]
    """Those that show in the result."""
    proofs: tuple[Proof, ...]
    """Of all that were rendered, those taken back included."""
    notes: tuple[str, ...]
    """Sentences for the user."""
    upscaler: str | None
    """What enlarged the clip; None where nothing did."""


class _Fruitless(Exception):
    """Leaves the writers, so that they drop what they wrote; never leaves this module. Holds what the decoder had to say."""


def execute(job: Job, prepared: Prepared) -> Outcome:
    """Write the result. A treatment that made its face no better is taken back, and the render is done again without it.

    Raises:
        FacefixError: the clip cannot be read or the result not be written; then there is none.
    """
    repairs = prepared.repairs
    rollback = Rollback([t for repair in repairs for t in repair.treatments], around(fps(job.clip)))
    enlarger = Enlarger(job.clip, job.settings, job.plan.span) if job.settings.scale > 1 else None
    stage, trouble = "repairing" if enlarger is None else "repairing and enlarging", ()
    while True:
        # Nothing to treat, or nothing left of it after the trial and the proof.
        idle = not repairs and job.whole and not job.asked
        if idle and remux.can_copy(job.clip, job.out):
            job.deliver()
            written, copied = Written(job.plan.frames, 0, [*trouble, *remux.remux(job.clip, job.out)]), True
            break
        try:
            written, copied = _rendered(job, prepared, repairs, rollback, enlarger, stage), False
            break
        except _Fruitless as seen:
            trouble = seen.args
            repairs = [left for one in repairs if (left := one.only(rollback.kept)) is not None]
            stage = "repairing again, without what did no good"
    notes = written.notes
    if idle and not copied:
        notes.append(f"A {job.out.suffix} file holds no {job.clip.video.codec} pictures; they were encoded again.")
    name = None if enlarger is None else enlarger.name
    return Outcome(written.frames, written.changed, copied, rollback.done, rollback.proofs(), tuple(notes), name)


def _rendered(
    job: Job,
    prepared: Prepared,
    repairs: Sequence[TrackRepair],
    rollback: Rollback,
    enlarger: Enlarger | None,
    stage: str,
) -> Written:
    """Decode, treat, encode.

    Raises:
        _Fruitless: some treatment must be taken back; nothing was written.
    """
    total = len(job.plan.span)
    treatments = [t for one in repairs for t in one.treatments]
    exams = _watched(repairs, rollback.open, prepared)
    task = Task(
        job.clip,
        job.plan.span,
        job.whole,
        job.spec,
        job.out,
        job.compare,
        lambda done: job.progress(stage, done, total),
        job.comparison(treatments),
        job.keep,
        enlarger,
    )

    decoders: list[decode.Decoder] = []

    def render(decoder: decode.Decoder) -> Generator[Made, None, None]:
        decoders.append(decoder)
        if enlarger is not None:
            enlarger.restart()
        frames = ahead(clocked_each("decoding", decoder))
        patched = clocked_each("treating faces", treated(frames, job.clip, repairs))
        if enlarger is not None:
            for one in enlarger.frames(patched):
                yield Made(one.frame, one.pixels, one.repaired)
            return
        for frame, patches in patched:
            with clocked("composing"):
                result = _composed(frame, job.clip, patches)
            yield Made(frame, result, result is not frame)

    def accept() -> None:
        if rollback.again([result for exam in exams for result in exam.results()]):
            raise _Fruitless(*(one.trouble for one in decoders if one.trouble))
        job.deliver()

    if job.workspace is None:
        return at_once(task, render, accept)
    look_ahead = max([0 if enlarger is None else enlarger.look_back, *(repair.face.look_ahead for repair in repairs)])
    # What auto means, and facefix itself, may change while a job is broken off: no clip is finished by another than began it.
    mask = masks.named(job.settings.mask, job.settings.devices[0]).name
    marks = [known_by(), named(job.plan.restorer).name, mask, treatments, job.spec, task.comparison]
    marks += [[(c.name, c.bank, c.strength) for c in job.plan.characters], [t.character for t in job.plan.tracks]]
    segmented = Segmented(task, job.workspace, marks, exams, look_ahead)
    segmented.render(render)
    accept()
    return segmented.join()


def part_of(treatment: Treatment, finding: Finding) -> bool:
    """Whether it treats some frames of the finding."""
    same = (treatment.track, treatment.mode) == (finding.track, finding.mode)
    return same and finding.span.start <= treatment.span.start < treatment.span.end <= finding.span.end


def _watched(repairs: Sequence[TrackRepair], measured: Sequence[Treatment], prepared: Prepared) -> list[Exam]:
    """One exam per face, of those of its treatments that are to be measured."""
    exams = []
    for repair in repairs:
        mine = [t for t in repair.treatments if any(t is one for one in measured)]
        exam = Exam(mine, repair.known.best, repair.known.samples, prepared.instruments)
        repair.face.witness = exam.see
        exams.append(exam)
    return exams


def _composed(frame: Frame, clip: ClipInfo, patches: list[Patch]) -> Frame:
    """The frame with its patches; the very same object when they change no pixel."""
    if not patches:
        return frame
    before = colour.to_rgb(frame, clip)
    after, box = compose.add(before, patches)
    if box is None or np.array_equal(before, after):
        return frame
    return colour.write_back(frame, clip, before, after, box)
