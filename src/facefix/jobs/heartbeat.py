"""Keeps a job's lease alive while it is worked on, and tells the one who works when it must stop."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

from facefix.errors import OutputError
from facefix.jobs import liveness
from facefix.jobs.records import Job
from facefix.jobs.store import Queue

BEAT_S = 2.0


class Stopped(Exception):
    """The job is no longer this worker's: cancelled, or taken over; or nobody watches any more."""


class Heartbeat:
    """A context around the work on a job; is called as a `pipeline.Progress`."""

    def __init__(self, file: Path, job: Job, kept: Path, parent: int | None) -> None:
        """file: the queue. kept: folder of segments; what is added there is what will not be done again."""
        self._file, self._job, self._kept, self._parent = file, job, kept, parent
        self._place: tuple[str, int, int | None] = ("", 0, None)
        self._lost, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name=f"heartbeat of job {job.id}")

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        self._place = stage, done, total
        if self._lost.is_set():
            raise Stopped

    def deliver(self) -> None:
        """Make sure, right before the result gets its name, that it is still this worker's to give."""
        queue = Queue(self._file)
        try:
            if not queue.beat(self._job, "delivering", *self._place[1:]):
                raise Stopped
        finally:
            queue.close()

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end.set()
        self._thread.join()

    def _beat(self) -> None:
        queue, finished = Queue(self._file), self._finished()
        try:
            while not self._end.wait(BEAT_S):
                now = self._finished()
                try:
                    held = queue.beat(self._job, *self._place, forward=now > finished)
                except OutputError:
                    # A full disk or a long transaction of another; the lease outlasts many beats.
                    continue
                finished = now
                if not held or liveness.orphaned(self._parent):
                    self._lost.set()
                    return
        finally:
            queue.close()

    def _finished(self) -> int:
        return sum(1 for _ in self._kept.rglob("*.json"))
