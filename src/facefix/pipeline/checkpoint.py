"""What a job has finished so far, in a folder: one that was broken off, goes on behind its last whole segment.

A segment counts when its JSON file is there, whole, and its pictures are as long as it says; the JSON is written last. Besides
the packets it holds what the proof has measured in those frames.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facefix.errors import OutputError
from facefix.files import write_text
from facefix.media.segments import Segment, Stamp
from facefix.types import Span

SEGMENT_S = 2.0
"""Length of a segment, and so the most video whose repair can be lost."""


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A segment of a render."""

    pictures: tuple[Segment, ...]
    """Of the result, and of the comparison where there is one."""
    changed: int
    """Frames that differ from the clip's."""
    told: list[list[dict[str, Any]]]
    """Per treated face, what `proof.Exam.told`."""
    trouble: str | None
    """What the decoder had to say, in the last segment."""


class Pass:
    """One pass over the clip with certain treatments, segment by segment."""

    def __init__(self, folder: Path, spans: Sequence[Span], outputs: int) -> None:
        """spans: of the segments. outputs: files that are written at once."""
        self.folder, self.spans, self._outputs = folder, tuple(spans), outputs
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: the folder for unfinished work cannot be made ({error.strerror}).") from error

    def finished(self) -> list[Finished]:
        """The segments that are whole, up to the first that is not."""
        found = []
        for number in range(len(self.spans)):
            one = self._read(number)
            if one is None:
                break
            found.append(one)
        return found

    def pictures(self, number: int) -> list[Path]:
        """Where the packets of a segment belong, one file per output."""
        return [self.folder / f"{number:05}_{output}.packets" for output in range(self._outputs)]

    def keep(self, number: int, segment: Finished) -> None:
        """Note that a segment, whose packets are on the disk, is finished. Raises OutputError."""
        head = {
            "stamps": [segment.stamps for segment in segment.pictures],
            "changed": segment.changed,
            "told": segment.told,
            "trouble": segment.trouble,
        }
        write_text(self._head(number), json.dumps(head))

    def _head(self, number: int) -> Path:
        return self.folder / f"{number:05}.json"

    def _read(self, number: int) -> Finished | None:
        try:
            head = json.loads(self._head(number).read_text(encoding="utf-8"))
            pictures = tuple(
                Segment(path, tuple(Stamp(*stamp) for stamp in stamps))
                for path, stamps in zip(self.pictures(number), head["stamps"], strict=True)
            )
            whole = all(one.path.stat().st_size == sum(s.size for s in one.stamps) for one in pictures)
            return Finished(pictures, head["changed"], head["told"], head["trouble"]) if whole else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a job that may be broken off keeps what it has finished, until whoever made the job removes it."""

    renders: Path
    """Folder of this job's segments."""
    analyses: Path
    """Folder of analyses, shared by jobs."""
    deliver: Callable[[], None] = lambda: None
    """Called right before the result gets its name; raises where it must not."""

    def begin(self, marks: Sequence[object], spans: Sequence[Span], outputs: int) -> Pass:
        """The pass of those marks, as far as it has come. marks: all that pictures depend on, told apart by their `repr`."""
        told = repr([list(marks), list(spans), outputs])
        return Pass(self.renders / hashlib.sha256(told.encode()).hexdigest()[:16], spans, outputs)


def segments(span: Span, rate: float) -> list[Span]:
    """Cut a span of frames, at `rate` frames per second, into segments."""
    length = max(1, int(SEGMENT_S * rate))
    return [Span(start, min(start + length, span.end)) for start in range(span.start, span.end, length)]
