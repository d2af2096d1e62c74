"""What the commands around the queue share: their options, and how the work is shown."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from facefix.cli.progress import Progress
from facefix.cli.terminal import complain, say, wishes

if TYPE_CHECKING:
    from facefix.jobs.engines import Audience
    from facefix.jobs.home import Home
    from facefix.jobs.records import Job

Command = TypeVar("Command", bound=Callable[..., Any])
_LOOK_S = 0.5


def queue_option(command: Command) -> Command:
    """`--queue FILE`."""
    path = click.Path(dir_okay=False, path_type=Path)
    text = "Keep the queue in this file, and unfinished work beside it; default: the user's own queue."
    return click.option("--queue", "file", type=path, metavar="FILE", envvar="FACEFIX_QUEUE", help=text)(command)


@dataclass(frozen=True, slots=True)
class Work:
    """How a queue is worked on, as the user has it."""

    file: Path | None
    workers: int
    engine: str
    address: str | None
    floor_gb: float

    def place(self) -> Home:
        """Where the queue lies; its folders are made. Raises SettingsError where there is no such engine, OutputError."""
        from facefix.jobs import engines
        from facefix.jobs.home import home

        # Before anything is queued for it.
        engines.spec(self.engine)
        return home(self.file).made()

    def run(self, show: Show, home: Home, ids: Sequence[int] | None, stop: Callable[[], bool] | None = None) -> None:
        """Work on jobs until none is open; on all, and those to come, until `stop` says so, where `ids` is None."""
        from facefix.jobs.engines import start
        from facefix.jobs.working import Terms

        terms = Terms(home, None if ids is None else tuple(ids), self.floor_gb, drain=ids is not None)
        try:
            start(self.engine, self.address).run(terms, self.workers, show.audience(stop or (lambda: False)))
        finally:
            show.close()


def work_options(command: Command) -> Command:
    """The options of a `Work`, which the command gets as `work`."""

    @functools.wraps(command)
    def with_work(*words: Any, **options: Any) -> Any:
        return command(*words, work=Work(**{item.name: options.pop(item.name) for item in fields(Work)}), **options)

    for option in reversed((
        click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True,
                     help="Clips worked on at a time. One uses the whole machine already; more pay on many cores or cards."),
        click.option("--engine", default="local", show_default=True, metavar="NAME", help="What works: local or ray."),
        click.option("--address", metavar="ADDRESS", help="Ray cluster to work on; default: a Ray instance on this machine."),
        click.option("--min-free", "floor_gb", type=click.FloatRange(0), default=1.0, show_default=True, metavar="GB",
                     help="Room to leave on the disks; the queue waits where there is less."),
        queue_option,
    )):  # fmt: skip
        with_work = option(with_work)
    return cast(Command, with_work)


class Show:
    """Tells people what a queue does: a bar per clip, or one over all where several are worked on; a line for each that has
    ended. `told` are the jobs that have."""

    def __init__(
        self,
        home: Home,
        ids: Sequence[int] | None,
        *,
        workers: int,
        quiet_output: bool,
        on_end: Callable[[Job], None] = lambda job: None,
    ) -> None:
        """ids: None means all jobs that end from now on. quiet_output: standard output is for machines."""
        from facefix.jobs import liveness
        from facefix.jobs.store import Queue

        self._queue, self._ids, self._workers = Queue(home.file, liveness.alive), ids, workers
        self._waiting = None if ids is None else set(ids)
        self._since = time.time()
        self._err, self._on_end = quiet_output, on_end
        self._quiet = bool(wishes().get("quiet"))
        self._bar: Any = None
        self._progress: Progress | None = None
        self._next = 0.0
        self.told: list[Job] = []
        self._seen: set[tuple[int, float | None]] = set()

    def audience(self, stop: Callable[[], bool] = lambda: False) -> Audience:
        """Whom an engine tells. stop: asked by the engine whether to end."""
        from facefix.jobs.engines import Audience

        return Audience(self.watch if self._workers == 1 else None, self._pause, self.tick, stop)

    def watch(self, job: Job) -> Progress:
        """Show the progress of a job."""
        self._finish_progress()
        self._progress = Progress(job.clip.name)
        return self._progress

    def tick(self) -> None:
        """Look what has ended, and say so."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LOOK_S
        for job in self._queue.jobs(("done", "failed", "cancelled"), self._ids):
            new = job.ended is not None and job.ended >= self._since if self._waiting is None else job.id in self._waiting
            if new and (job.id, job.ended) not in self._seen:
                self._seen.add((job.id, job.ended))
                self._ended(job)
        self._overall()

    def close(self) -> None:
        self._next = 0.0
        self.tick()
        if self._bar is not None:
            self._bar.close()
        self._queue.close()

    def _ended(self, job: Job) -> None:
        if self._waiting is not None:
            self._waiting.discard(job.id)
        self.told.append(job)
        self._finish_progress()
        self._clear()
        if job.state == "done":
            say(job.summary, err=self._err)
        else:
            complain(job.error or f"{job.clip}: {job.state}")
        self._on_end(job)

    def _finish_progress(self) -> None:
        if self._progress is not None:
            self._progress.__exit__(None, None, None)
            self._progress = None

    def _overall(self) -> None:
        """One bar over all jobs, with the time they will take."""
        if self._workers == 1 or self._quiet or not sys.stderr.isatty():
            return
        from facefix.jobs.listing import left_s

        jobs = self._queue.jobs((), self._ids)
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=len(jobs), unit="clip", leave=False, file=sys.stderr, bar_format="{l_bar}{bar}| {n}/{total}{postfix}"
            )
        self._bar.total, self._bar.n = len(jobs), sum(not job.open for job in jobs)
        left = left_s(jobs, self._workers)
        self._bar.set_postfix_str("" if left is None else f"about {span(left)} left", refresh=True)

    def _pause(self, sentence: str) -> None:
        self._clear()
        complain(f"waiting: {sentence}")

    def _clear(self) -> None:
        if self._bar is not None:
            self._bar.clear()


def span(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 05 min`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
