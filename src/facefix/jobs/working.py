"""A worker: claims job after job and does them, until none of those it was given is open."""

from __future__ import annotations

import errno
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from facefix import pipeline
from facefix.errors import FacefixError
from facefix.files import check_output, exists, folder_made, write_text
from facefix.jobs import liveness
from facefix.jobs.heartbeat import Heartbeat, Stopped
from facefix.jobs.home import Home
from facefix.jobs.performing import Perform, tell
from facefix.jobs.records import Job, Result
from facefix.jobs.space import shortage
from facefix.jobs.store import Queue
from facefix.jobs.tidying import leave
from facefix.media.remux import copy_file
from facefix.plan import fingerprint
from facefix.report.schema import dumps

_LOG = logging.getLogger(__name__)

TRIES = 3
"""After so many errors in a row a job has failed."""
DEATHS = 6
"""After so many ends of its process, with nothing finished in between, a job has failed: it is what kills them."""
BACK_OFF_S = 10.0
"""Before the second try; three times as long before the next."""
IDLE_S = 0.5
"""Between two looks at the queue."""
PAUSE_S = 10.0
"""Between two looks at a full disk."""
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which workers work."""

    home: Home
    among: tuple[int, ...] | None
    """Ids of the jobs that are meant; None: all, and those to come."""
    floor_gb: float
    """Room to be left on the disks."""
    parent: int | None = None
    """Process without which to stop; None: none."""
    drain: bool = True
    """Whether to end when nothing is left to do."""


class Worker:
    """One worker. on_pause: told, once each time, why it waits."""

    def __init__(
        self,
        terms: Terms,
        perform: Perform,
        *,
        number: int = 0,
        watch: Callable[[Job], pipeline.Progress] | None = None,
        on_pause: Callable[[str], None] = lambda sentence: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """watch: makes who is told of a job's progress. stop: asked between jobs."""
        self._terms, self._perform, self._watch, self._on_pause, self._stop = terms, perform, watch, on_pause, stop
        self._queue = Queue(terms.home.file, liveness.alive)
        self._name = liveness.name_of(number)
        self._paused = False

    def run(self) -> None:
        """Work until nothing is left, or `stop` says so. KeyboardInterrupt gives the present job back and is passed on."""
        terms = self._terms
        while not self._stop() and not liveness.orphaned(terms.parent):
            job = self._queue.claim(self._name, terms.among)
            if job is not None:
                self._take(job)
            elif terms.drain and not self._queue.jobs(("queued", "running"), terms.among):
                return
            else:
                time.sleep(IDLE_S)

    def _take(self, job: Job) -> None:
        lack = shortage(job.order, self._terms.home, self._terms.floor_gb)
        if lack is not None:
            self._pause(job, lack)
            return
        with _logged(self._terms.home, job):
            try:
                self._do(job)
                self._paused = False
            except Stopped:
                _LOG.info("stopped: cancelled, or taken over")
                self._tidy(job)
            except FacefixError as error:
                if isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL:
                    self._pause(job, str(error))
                else:
                    self._queue.fail(job, str(error))
                    _LOG.error("failed: %s", error)
            except Exception as error:
                self._try_again(job, error)
            except BaseException:
                self._queue.release(job)
                raise

    def _do(self, job: Job) -> None:
        home, order = self._terms.home, job.order
        if job.attempts > DEATHS:
            raise FacefixError(f"{order.clip}: facefix died {DEATHS} times working on it; its log is {home.log(job.id)}.")
        if fingerprint(order.clip) != job.content:
            raise FacefixError(f"{order.clip}: has changed since it was queued; queue it again.")
        began = time.monotonic()
        kept = home.renders(job.id)
        with Heartbeat(home.file, job, kept, self._terms.parent) as heart:
            result = self._kept(job, heart)
            if result is None:
                self._begin(job)
                result = self._copied(job, heart) or self._performed(job, heart)
        _LOG.info("%s (%.1f s)", result.summary, time.monotonic() - began)
        write_text(home.report(job.id), dumps(result.document) + "\n")
        if self._queue.finish(job, result, fingerprint(order.out)):
            home.forget(job.id)

    def _begin(self, job: Job) -> None:
        """See that the places of the result and its page are free, once. Raises OutputError."""
        order = job.order
        if job.begun:
            return
        for place in (order.out, order.page):
            if place is not None:
                check_output(order.clip, place, overwrite=order.overwrite, made=True)
        self._queue.begin(job)

    def _performed(self, job: Job, heart: Heartbeat) -> Result:
        home = self._terms.home
        workspace = pipeline.Workspace(home.renders(job.id), home.analyses, heart.deliver)
        return self._perform(replace(job.order, overwrite=True), workspace, self._progress(job, heart))

    def _progress(self, job: Job, heart: Heartbeat) -> pipeline.Progress:
        shown = self._watch(job) if self._watch else None

        def progress(stage: str, done: int, total: int | None) -> None:
            heart(stage, done, total)
            if shown is not None:
                shown(stage, done, total)

        return progress

    def _kept(self, job: Job, heart: Heartbeat) -> Result | None:
        """The job's own result of before, where it lies there unchanged and only its page is missing."""
        document = self._document(job.id)
        if not job.result or document is None or not exists(job.out) or fingerprint(job.out) != job.result:
            return None
        if not self._told(job, document, heart):
            return None
        return Result(job.verdict or "clean", job.frames or 0, job.summary, document)

    def _told(self, job: Job, document: Mapping[str, Any], heart: Heartbeat) -> bool:
        """Write the page of a job that was done before, if there is to be one; False where too little is known for that."""
        if job.order.page is None:
            return True
        if "repaired_frames" not in document:
            return False
        tell(job.order, document, self._terms.home.analyses, self._progress(job, heart))
        return True

    def _document(self, id: int) -> dict[str, Any] | None:
        """What was written of a job that is done; None where that is gone."""
        try:
            return json.loads(self._terms.home.report(id).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _copied(self, job: Job, heart: Heartbeat) -> Result | None:
        """The result of another job that wanted the same of the same content: a clip that was renamed, or lies there twice."""
        twin = self._queue.twin(job)
        if twin is None or not exists(twin.out) or fingerprint(twin.out) != twin.result:
            return None
        told = self._document(twin.id)
        if job.order.page is not None and (told is None or "repaired_frames" not in told):
            return None
        heart.deliver()
        with folder_made(job.out.parent):
            copy_file(twin.out, job.out)
        if told is not None:
            self._told(job, told, heart)
        text = f"{job.clip.name}: as {twin.clip}, whose result was copied -> {job.out}"
        document = {**(told or {}), "clip": str(job.clip), "out": str(job.out), "copy_of": str(twin.out)}
        return Result(twin.verdict or "clean", twin.frames or 0, text, document)

    def _try_again(self, job: Job, error: Exception) -> None:
        sentence = f"{job.clip}: {type(error).__name__}: {error}"
        _LOG.exception("broke off")
        tries = self._queue.job(job.id).attempts
        if tries >= TRIES:
            self._queue.fail(job, f"{sentence}; tried {tries} times, its log is {self._terms.home.log(job.id)}.")
        else:
            self._queue.release(job, sentence, wait_s=BACK_OFF_S * 3 ** (tries - 1), counts=True)

    def _pause(self, job: Job, sentence: str) -> None:
        """Give the job back and wait for space; nothing else can be done with a full disk."""
        self._queue.release(job, sentence, wait_s=PAUSE_S)
        if not self._paused:
            self._on_pause(sentence)
        self._paused = True
        time.sleep(min(PAUSE_S, 1.0))

    def _tidy(self, job: Job) -> None:
        """Remove what is left of a job that was cancelled; one that another worker has now keeps it."""
        if self._queue.job(job.id).state == "cancelled":
            leave(self._terms.home, job)


@contextmanager
def _logged(home: Home, job: Job) -> Iterator[None]:
    """What facefix has to say of a job goes to the job's log."""
    handler = logging.FileHandler(home.log(job.id), encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger("facefix")
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        _LOG.info("%s -> %s, attempt %d", job.clip, job.out, job.attempts)
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        handler.close()
