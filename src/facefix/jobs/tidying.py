"""Removes what unfinished work has left behind, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from facefix.files import compare_path
from facefix.jobs import liveness
from facefix.jobs.home import Home
from facefix.jobs.records import Job
from facefix.jobs.store import Queue


def cancel(queue: Queue, home: Home, ids: Sequence[int]) -> list[Job]:
    """Take jobs back, and what has been made of them; those that were open. Who works on one stops, and tidies up itself."""
    worked_on = {
        job.id for job in queue.jobs(("running",), list(ids)) if job.worker and liveness.alive(job.worker) is not False
    }
    taken = queue.cancel(ids)
    for job in taken:
        if job.id not in worked_on:
            leave(home, job)
    return taken


def leave(home: Home, job: Job) -> None:
    """Remove the segments of a job that nobody works on, and its result as far as it was written."""
    if home.renders(job.id).exists():
        # Only where segments lie is the unfinished file beside the result surely this job's.
        for out in (job.out, compare_path(job.out)):
            out.with_name(f"{out.name}.part").unlink(missing_ok=True)
    home.forget(job.id)


def sweep(queue: Queue, home: Home) -> None:
    """Remove segments of jobs that are done, cancelled or forgotten: their process died before it could."""
    kept = {job.id for job in queue.jobs(("queued", "running", "failed"))}
    known = {job.id: job for job in queue.jobs(("done", "cancelled"))}
    for folder in (home.folder / "renders").iterdir():
        if not folder.name.isdecimal() or (number := int(folder.name)) in kept:
            continue
        if number in known:
            leave(home, known[number])
        else:
            home.forget(number)
