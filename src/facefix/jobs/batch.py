"""A folder of clips through the queue."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import facefix
from facefix import pipeline
from facefix.errors import FacefixError, OutputError
from facefix.files import output_path
from facefix.jobs.home import Home
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
        return Order(clip, out.absolute(), self.settings, self.overwrite)

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


class Ended:
    """Tells each of some jobs once, when it has ended."""

    def __init__(self, queue: Queue, ids: Sequence[int], tell: Callable[[Job], None]) -> None:
        self._queue, self._waiting, self._tell = queue, set(ids), tell

    def look(self) -> None:
        for job in self._queue.jobs(("done", "failed", "cancelled"), sorted(self._waiting)) if self._waiting else ():
            self._waiting.discard(job.id)
            self._tell(job)


def left_s(jobs: Sequence[Job], workers: int) -> float | None:
    """Seconds until jobs that are open will be done, by the pace of those that are; None where there is no telling.

    Pace is seconds per frame; jobs whose length is not known count as one of middle length.
    """
    done = [job for job in jobs if job.state == "done" and job.frames and job.seconds > 0][-50:]
    waiting = [job for job in jobs if job.open]
    if not done or not waiting:
        return None if waiting else 0.0
    pace = sum(job.seconds for job in done) / sum(job.frames or 0 for job in done)
    middle = sorted(job.frames or 0 for job in done)[len(done) // 2]
    return pace * sum(job.frames or middle for job in waiting) / max(1, workers)


def summary(jobs: Sequence[Job], home: Home) -> dict[str, Any]:
    """What a batch has come to, for machines (schema 1)."""
    return {
        "schema": 1,
        "facefix": facefix.__version__,
        "queue": str(home.file),
        "counts": {state: sum(job.state == state for job in jobs) for state in dict.fromkeys(job.state for job in jobs)},
        "jobs": [document(job, home) for job in jobs],
    }


def document(job: Job, home: Home) -> Mapping[str, Any]:
    """A job for machines."""
    report, log = home.report(job.id), home.log(job.id)
    return {
        "id": job.id,
        "clip": str(job.order.clip),
        "out": str(job.order.out),
        "state": job.state,
        "verdict": job.verdict,
        "priority": job.priority,
        "attempts": job.attempts,
        "frames": job.frames,
        "seconds": round(job.seconds, 2),
        "stage": job.stage if job.state == "running" else "",
        "done": job.done,
        "total": job.total,
        "error": job.error or None,
        "report": str(report) if report.exists() else None,
        "log": str(log) if log.exists() else None,
    }
