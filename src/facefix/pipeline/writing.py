"""How rendered frames become files: in one go, or segment by segment with a checkpoint behind each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from facefix.media import colour, decode, encode, segments
from facefix.pipeline import checkpoint
from facefix.pipeline.enlarging import Enlarger
from facefix.pipeline.gauges import LOOK_BACK
from facefix.pipeline.overlapping import Behind
from facefix.pipeline.profiling import clocked
from facefix.pipeline.progress import fps
from facefix.pipeline.proof import Exam
from facefix.report.comparison import Comparison
from facefix.types import ClipInfo, Frame, Pixels, Span

_ENDLESS = 1 << 40

Sink = encode.Writer | segments.SegmentWriter


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A decoded frame with what is made of it."""

    frame: Frame
    result: Frame | Pixels
    """A frame of the source's size, the very same object where nothing is made of it; or pixels of the enlarged size."""
    changed: bool
    """Whether a repair changed some of its pixels."""


Render = Callable[[decode.Decoder], Generator[Made, None, None]]


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """What came of a render."""

    frames: int
    changed: int
    """Frames that differ from the clip's."""
    notes: list[str]
    """Sentences for the user."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is to be written where."""

    clip: ClipInfo
    span: Span
    """Frames of the clip that the result holds."""
    whole: bool
    """Whether that is all of them."""
    spec: encode.EncodeSpec
    out: Path
    compare: Path | None
    """Where before and after are to be shown."""
    report: Callable[[int], None]
    """Told after each frame how many there are."""
    comparison: Comparison
    """How."""
    keep: Callable[[Frame, Frame | Pixels], None]
    """Shown every frame and what was made of it."""
    enlarger: Enlarger | None = None
    """Who makes the results, where they are enlarged."""

    @property
    def outputs(self) -> list[tuple[Path, tuple[int, int] | None]]:
        """Files, and their sizes where these are not the clip's."""
        size = None if self.enlarger is None else self.enlarger.size
        width, height = size or self.clip.video.display_size
        return [(self.out, size), *([(self.compare, self.comparison.size(width, height))] if self.compare else [])]

    def put(self, sinks: Sequence[Sink], made: Made) -> None:
        """Hand a frame to the encoders of the outputs."""
        frame, result = made.frame, made.result
        self.keep(frame, result)
        with clocked("encoding"):
            if isinstance(result, Frame):
                sinks[0].write(result)
            else:
                sinks[0].write_rgb(result, frame)
        for sink in sinks[1:]:
            with clocked("comparing"):
                before = self.enlarger.interpolated(frame) if self.enlarger is not None else colour.to_rgb(frame, self.clip)
                after = colour.to_rgb(result, self.clip) if isinstance(result, Frame) else result
                sink.write_rgb(self.comparison.picture(before, after, frame.index), frame)


def at_once(task: Task, render: Render, accept: Callable[[], None]) -> Written:
    """Write the outputs while frames come. accept: raises where they must not be kept; then none of them is."""
    part = None if task.whole else pts_of(task.clip, task.span)
    decoder = decode.Decoder(task.clip, None if task.whole else task.span)
    written = changed = 0
    with ExitStack() as stack:
        sinks = [
            stack.enter_context(encode.Writer(task.clip, path, task.spec, size=size, span_pts=part))
            for path, size in task.outputs
        ]
        with closing(render(decoder)) as frames, Behind(partial(task.put, sinks)) as encoder:
            for made in frames:
                encoder.put(made)
                written += 1
                changed += made.changed
                task.report(written)
        accept()
    return Written(written, changed, [*([decoder.trouble] if decoder.trouble else []), *sinks[0].notes])


class Segmented:
    """A pass that keeps each segment it has finished, so that the next one like it starts behind them."""

    def __init__(
        self, task: Task, kept: checkpoint.Workspace, marks: Sequence[object], exams: Sequence[Exam], look_ahead: int
    ) -> None:
        """
        Args:
            marks: of what is made of the frames; a pass with others takes nothing from this one.
            look_ahead: frames on either side that what is made of a frame may depend on.
        """
        self._task, self._exams, self._look = task, exams, look_ahead
        cuts = checkpoint.segments(task.span, fps(task.clip))
        enlarged = None if task.enlarger is None else (task.enlarger.name, task.enlarger.size)
        self._pass = kept.begin([*marks, enlarged], cuts, len(task.outputs))
        self._done = self._pass.finished()
        self._part = None if task.whole else pts_of(task.clip, task.span)

    def render(self, render: Render) -> None:
        """Make the segments that are missing."""
        spans = self._pass.spans[len(self._done) :]
        if not spans:
            self._recall()
            return
        first = spans[0].start
        # What is made of the first frame depends on frames before it; they are made again, and left out.
        start = max(self._task.span.start, first - self._look - LOOK_BACK)
        # To the very end of a whole clip: only there the decoder knows how it went.
        decoder = decode.Decoder(self._task.clip, Span(start, _ENDLESS if self._task.whole else self._task.span.end))
        with closing(render(decoder)) as frames:
            self._write(spans, frames, decoder)

    def _write(self, spans: Sequence[Span], frames: Iterator[Made], decoder: decode.Decoder) -> None:
        """Write segments; frames before the first one are left out."""
        first = spans[0].start
        ahead = next((made for made in frames if made.frame.index >= first), None)
        for exam in self._exams:
            exam.forget(first)
        self._recall()
        for span in spans:
            with ExitStack() as stack:
                sinks = [stack.enter_context(sink) for sink in self._sinks(len(self._done))]
                encoder = stack.enter_context(Behind(partial(self._task.put, sinks)))
                changed = 0
                while ahead is not None and ahead.frame.index in span:
                    encoder.put(ahead)
                    changed += ahead.changed
                    self._task.report(ahead.frame.index + 1 - self._task.span.start)
                    ahead = next(frames, None)
            told = [exam.told(span) for exam in self._exams]
            trouble = decoder.trouble if span is spans[-1] else None
            segment = checkpoint.Finished(tuple(sink.segment for sink in sinks), changed, told, trouble)
            self._pass.keep(len(self._done), segment)
            self._done.append(segment)

    def join(self) -> Written:
        """Write the outputs from the finished segments."""
        task = self._task
        like = next(iter(decode.Decoder(task.clip, Span(task.span.start, task.span.start + 1))))
        notes: list[list[str]] = []
        for output, (path, size) in enumerate(task.outputs):
            pictures = [done.pictures[output] for done in self._done]
            notes.append(segments.join(task.clip, path, task.spec, pictures, like, size=size, span_pts=self._part))
        frames = sum(len(done.pictures[0].stamps) for done in self._done)
        trouble = [done.trouble for done in self._done if done.trouble]
        return Written(frames, sum(done.changed for done in self._done), [*trouble, *notes[0]])

    def _recall(self) -> None:
        for done in self._done:
            for exam, told in zip(self._exams, done.told, strict=True):
                exam.recall(told)

    def _sinks(self, number: int) -> list[segments.SegmentWriter]:
        task, start_pts = self._task, self._part[0] if self._part else 0
        return [
            segments.SegmentWriter(task.clip, out, task.spec, path, size=size, start_pts=start_pts)
            for (out, size), path in zip(task.outputs, self._pass.pictures(number), strict=True)
        ]


def pts_of(clip: ClipInfo, span: Span) -> tuple[int, int]:
    """First pts of a part and the pts behind its last frame."""
    first = last = None
    for frame in decode.Decoder(clip, Span(span.start, span.end + 1)):
        if frame.index == span.end:
            return first or 0, frame.pts
        first = frame.pts if first is None else first
        last = frame
    rate = clip.video.rate or 25
    return first or 0, (last.pts + (last.duration or round(1 / (rate * clip.video.time_base)))) if last else 0
