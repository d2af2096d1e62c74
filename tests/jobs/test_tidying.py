"""Leftovers go, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.jobs.orders import home_in, order, queued

from facefix.jobs import liveness
from facefix.jobs.home import Home
from facefix.jobs.records import Result
from facefix.jobs.store import Queue
from facefix.jobs.tidying import cancel, sweep


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_in(tmp_path / "queue")


def broken_off(tmp_path: Path, home: Home, queue: Queue, worker: str) -> int:
    """A job with segments and half a result, whose worker is, or was, that one."""
    one = order(tmp_path, worker.replace("|", "_"))
    number = queued(queue, one)
    job = queue.claim(worker)
    assert job is not None and job.id == number
    home.renders(number).mkdir()
    (home.renders(number) / "00000.json").write_text("{}")
    one.out.parent.mkdir(exist_ok=True)
    one.out.with_name(f"{one.out.name}.part").write_text("half")
    return number


def test_a_cancelled_job_of_a_dead_worker_leaves_nothing(tmp_path: Path, home: Home) -> None:
    queue = Queue(home.file)
    dead = liveness.name_of().replace(liveness.name_of().split("|")[2], "1.00")
    number = broken_off(tmp_path, home, queue, dead)
    (tmp_path / "out" / "else.mp4.part").write_text("another's")
    assert [job.id for job in cancel(queue, home, [number])] == [number]
    assert not home.renders(number).exists()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["else.mp4.part"]


def test_one_that_is_worked_on_is_left_to_its_worker(tmp_path: Path, home: Home) -> None:
    queue = Queue(home.file)
    number = broken_off(tmp_path, home, queue, liveness.name_of())
    cancel(queue, home, [number])
    assert queue.job(number).state == "cancelled" and home.renders(number).exists()


def test_a_sweep_keeps_what_will_be_gone_on_with(tmp_path: Path, home: Home) -> None:
    queue = Queue(home.file)
    waiting = broken_off(tmp_path, home, queue, "one")
    job = queue.job(waiting)
    queue.release(job)
    assert queue.claim("again") is not None
    done = broken_off(tmp_path, home, queue, "two")
    assert queue.finish(queue.job(done), Result("clean", 1, "", {}), "")
    home.renders(99).mkdir()
    (home.folder / "renders" / "somebody's notes").mkdir()
    sweep(queue, home)
    assert sorted(path.name for path in (home.folder / "renders").iterdir()) == [str(waiting), "somebody's notes"]
