"""What a queue holds, in figures; imports nothing that is slow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import facefix
from facefix.jobs.home import Home
from facefix.jobs.records import Job


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
        "clip": str(job.clip),
        "out": str(job.out),
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
