"""The queue in figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.jobs.orders import home_in, order, queued

from facefix.jobs.listing import left_s, rows
from facefix.jobs.records import Job
from facefix.jobs.store import Queue


def test_the_time_left_goes_by_frames(tmp_path: Path) -> None:
    queue = Queue(home_in(tmp_path).file)
    for name in "abc":
        queued(queue, order(tmp_path, name))
    first, *rest = queue.jobs()

    def job(one: Job, state, frames: int | None, seconds: float) -> Job:
        return replace(one, state=state, frames=frames, seconds=seconds)

    jobs = [job(first, "done", 100, 50.0), job(rest[0], "running", 200, 0.0), job(rest[1], "queued", None, 0.0)]
    assert left_s(jobs, 1) == 0.5 * (200 + 100) and left_s(jobs, 2) == 75
    assert left_s(rest, 1) is None and left_s(jobs[:1], 1) == 0


def test_a_table_names_clips_below_their_folder(tmp_path: Path) -> None:
    queue = Queue(home_in(tmp_path).file)
    for name in ("a", "sub/b"):
        queued(queue, order(tmp_path, name))
    job = queue.claim("w")
    assert job is not None and queue.fail(job, "is broken.")
    head, first, second = rows(queue.jobs())
    assert head.split() == ["clip", "state", "verdict", "frames", "seconds"]
    assert first.split()[:3] == ["a.mp4", "failed", "-"] and first.endswith("is broken.")
    assert second.split()[:2] == ["sub/b.mp4", "queued"] and not list(rows([]))
