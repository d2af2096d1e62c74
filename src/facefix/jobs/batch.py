"""A folder of clips through the queue."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from facefix import pipeline
from facefix.errors import FacefixError, OutputError
from facefix.files import output_path
from facefix.jobs.records import Job, Order
from facefix.jobs.store import Queue
from facefix.media import probe
from facefix.plan import fingerprint
from facefix.settings import Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of every clip of a folder."""

    root: Path
    """Absolute; the tree under it is mirrored."""
    out: Path | None
    """Folder of the results; None: `<root>_fixed`."""
    settings: Settings
    overwrite: bool = False
    again: bool = False
    """Also what is done already."""
    priority: int = 0

    def order(self, clip: Path) -> Order:
        """What is to be done with one of its clips."""
        suffix = pipeline.result_suffix(clip)
        out = output_path(clip, self.root, self.out, several=True, tag=self.settings.range, suffix=suffix)
        settings = self.settings
        if settings.report:
            settings = replace(settings, report=str(Path(settings.report) / clip.relative_to(self.root).parent))
        return Order(clip, out.absolute(), settings, self.overwrite)

    @property
    def folder(self) -> Path:
        """Where the results go."""
        return self.out or self.root.with_name(f"{self.root.name}_fixed")


@dataclass(slots=True)
class Queued:
    """What became of the clips of a folder."""

    ids: list[int] = field(default_factory=list)
    """Jobs that are open."""
    before: list[Job] = field(default_factory=list)
    """Done before."""
    refused: list[Job] = field(default_factory=list)
    """Cannot be queued."""


def chosen(clips: Sequence[Path], root: Path, include: Sequence[str], exclude: Sequence[str]) -> list[Path]:
    """The clips whose path below `root`, or name, matches one of `include` (all, where there is none) and none of `exclude`."""

    def matches(clip: Path, patterns: Sequence[str]) -> bool:
        names = (clip.relative_to(root).as_posix(), clip.name)
        return any(fnmatch.fnmatch(name, pattern) for pattern in patterns for name in names)

    return [clip for clip in clips if (not include or matches(clip, include)) and not matches(clip, exclude)]


def enqueue(
    queue: Queue, clips: Sequence[Path], wish: Wish, told: Callable[[int, int], None] = lambda done, of: None
) -> Queued:
    """Queue the clips that need it."""
    queued, places = Queued(), {}
    for number, clip in enumerate(clips, start=1):
        order = wish.order(clip)
        try:
            if (other := places.setdefault(order.out, clip)) != clip:
                raise OutputError(f"{clip}: its result would be {order.out}, as that of {other}; give one another name.")
            content, frames = fingerprint(clip), _frames(clip)
        except FacefixError as error:
            queued.refused.append(queue.refuse(order, str(error)))
        else:
            job = queue.add(order, content, priority=wish.priority, frames=frames, again=wish.again)
            if job.open:
                queued.ids.append(job.id)
            else:
                queued.before.append(job)
        told(number, len(clips))
    return queued


def _frames(clip: Path) -> int | None:
    """As far as the container says; what is wrong with a clip is told when it is worked on."""
    try:
        return probe.probe(clip).video.declared_frames
    except FacefixError:
        return None
