"""What every engine promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from facefix import pipeline
from facefix.jobs.records import Job
from facefix.jobs.working import Terms


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is told how the work goes. All may be called from another thread than the one that runs the engine."""

    watch: Callable[[Job], pipeline.Progress] | None
    """Makes who is told of a job's progress; asked only where one job at a time is worked on in this process."""
    pause: Callable[[str], None]
    """Told why the work waits."""
    tick: Callable[[], None]
    """Called now and then while the work goes on."""
    stop: Callable[[], bool] = lambda: False
    """Asked now and then whether to end after the present jobs."""


class Engine(Protocol):
    """Works on the jobs of a queue with several workers."""

    def run(self, terms: Terms, workers: int, audience: Audience) -> None:
        """Return when none of the jobs is open. KeyboardInterrupt gives the present jobs back and is passed on."""
        ...


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """A registered engine."""

    name: str
    describe: str
    start: Callable[[str | None], Engine]
    """Takes the address of a cluster, or None. Raises SettingsError where the engine is not installed or not there."""
