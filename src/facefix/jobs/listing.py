"""What a queue holds, in figures; imports nothing that is slow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
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


def rows(jobs: Sequence[Job]) -> Iterator[str]:
    """A table for people: clip, state, verdict, seconds of work, and what went wrong; paths below the folder that all share."""
    if not jobs:
        return
    shared = os.path.commonpath([job.clip.parent for job in jobs])
    names = [os.path.relpath(job.clip, shared) for job in jobs]
    width = max(len("clip"), *map(len, names))
    yield f"{'clip':<{width}}  {'state':<9}  {'verdict':<10}  {'frames':>6}  {'seconds':>7}"
    for name, job in zip(names, jobs, strict=True):
        figures = f"{job.verdict or '-':<10}  {job.frames or '-':>6}  {job.seconds:>7.1f}"
        yield f"{name:<{width}}  {job.state:<9}  {figures}" + (f"  {job.error}" if job.error and job.state != "done" else "")


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
