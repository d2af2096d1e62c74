"""The queue: who gets which job, and that nobody else does."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from tests.jobs.orders import home_in, order, queued

from facefix.characters import bible
from facefix.characters.bible import Character, TextAnchors, View
from facefix.errors import FacefixError, OutputError
from facefix.jobs import store
from facefix.jobs.records import Result
from facefix.jobs.store import Queue

RESULT = Result("clean", 10, "fine", {})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return home_in(tmp_path).file


@pytest.fixture
def queue(file: Path) -> Queue:
    return Queue(file)


def test_an_order_is_queued_once(tmp_path: Path, queue: Queue) -> None:
    one = order(tmp_path)
    assert queued(queue, one) == queued(queue, one)
    assert [job.order for job in queue.jobs()] == [one]


def test_other_pictures_of_a_character_are_another_job(tmp_path: Path, queue: Queue) -> None:
    home = tmp_path / "characters"
    mia = Character("mia", home / "mia", "", TextAnchors(), (View("front.png", "front", "neutral", True),))
    ids = []
    for picture in (b"one", b"one", b"two"):
        bible.write(mia, {"front.png": picture})
        ids.append(queued(queue, order(tmp_path, character=("mia",), characters_dir=str(home))))
    assert ids[0] == ids[1] != ids[2]


def test_another_strength_is_another_job_and_another_device_is_not(tmp_path: Path, queue: Queue) -> None:
    ids = [queued(queue, order(tmp_path, **settings)) for settings in ({}, {"strength": 0.3}, {"device": "cpu"})]
    assert ids[0] == ids[2] != ids[1]


def test_what_is_done_is_done_again_only_if_its_result_is_gone_or_asked_for(tmp_path: Path, queue: Queue) -> None:
    one = order(tmp_path)
    number = queued(queue, one)
    job = queue.claim("w")
    assert job is not None and queue.finish(job, RESULT, "print")
    one.out.parent.mkdir()
    one.out.write_text("result")
    queued(queue, one)
    assert queue.job(number).state == "done"
    queued(queue, one, again=True)
    assert queue.job(number).state == "queued"
    assert (job := queue.claim("w")) is not None and queue.finish(job, RESULT, "print")
    one.out.unlink()
    queued(queue, one)
    assert queue.job(number).state == "queued"


def test_new_content_under_an_old_name_is_a_new_job(tmp_path: Path, queue: Queue) -> None:
    assert queued(queue, order(tmp_path, text="one")) != queued(queue, order(tmp_path, text="two"))


def test_higher_priority_first_then_first_come(tmp_path: Path, queue: Queue) -> None:
    low, high, late = (queued(queue, order(tmp_path, name), priority=p) for name, p in (("a", 0), ("b", 5), ("c", 0)))
    claimed = [queue.claim("w") for _ in range(4)]
    assert [job and job.id for job in claimed] == [high, low, late, None]


def test_only_jobs_that_are_meant(tmp_path: Path, queue: Queue) -> None:
    queued(queue, order(tmp_path, "a"))
    mine = queued(queue, order(tmp_path, "b"))
    assert (job := queue.claim("w", [mine])) is not None and job.id == mine
    assert queue.claim("w", [mine]) is None


def test_a_silent_worker_loses_its_job(tmp_path: Path, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queued(queue, order(tmp_path))
    monkeypatch.setattr(store, "LEASE_S", 0.05)
    first = queue.claim("one")
    assert first is not None and queue.claim("two") is None
    time.sleep(0.1)
    second = queue.claim("two")
    assert second is not None and second.attempts == 2
    assert (
        not queue.beat(first)
        and not queue.finish(first, RESULT, "")
        and not queue.fail(first, "x")
        and not queue.release(first)
    )
    assert queue.beat(second) and queue.finish(second, RESULT, "")


def test_a_heartbeat_keeps_it(tmp_path: Path, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queued(queue, order(tmp_path))
    monkeypatch.setattr(store, "LEASE_S", 0.3)
    job = queue.claim("one")
    for _ in range(4):
        time.sleep(0.1)
        assert job is not None and queue.beat(job, "repairing", 3, 10)
        assert queue.claim("two") is None
    assert (queue.job(1).stage, queue.job(1).done, queue.job(1).total) == ("repairing", 3, 10)


def test_a_dead_process_loses_it_at_once(tmp_path: Path, file: Path) -> None:
    living = {"one"}
    queue = Queue(file, lambda worker: worker in living)
    queued(queue, order(tmp_path))
    assert queue.claim("one") is not None and queue.claim("two") is None
    living.clear()
    assert (job := queue.claim("two")) is not None and job.worker == "two"


def test_attempts_count_anew_once_something_is_finished(tmp_path: Path, file: Path) -> None:
    queue = Queue(file, lambda worker: False)
    queued(queue, order(tmp_path))
    assert [(job := queue.claim(f"{n}")) and job.attempts for n in range(3)] == [1, 2, 3]
    assert job is not None and queue.beat(job, forward=True)
    assert (job := queue.claim("3")) is not None and job.attempts == 2


def test_a_job_given_back_waits_its_time(tmp_path: Path, queue: Queue) -> None:
    queued(queue, order(tmp_path))
    job = queue.claim("w")
    assert job is not None and queue.release(job, "later", wait_s=0.2)
    assert queue.claim("w") is None and queue.job(job.id).error == "later" and queue.job(job.id).attempts == 0
    time.sleep(0.25)
    assert queue.claim("w") is not None


def test_cancel_retry_and_drop(tmp_path: Path, queue: Queue) -> None:
    number = queued(queue, order(tmp_path))
    job = queue.claim("w")
    assert job is not None and [one.id for one in queue.cancel([number])] == [number]
    assert not queue.beat(job) and queue.claim("w") is None
    assert queue.retry([number]) and queue.job(number).state == "queued" and not queue.drop([number])
    queue.cancel([number])
    assert [one.id for one in queue.drop([number])] == [number]
    with pytest.raises(FacefixError, match=f"no job {number}"):
        queue.job(number)


def test_a_clip_that_could_not_be_read_is_queued_when_it_can(tmp_path: Path, queue: Queue) -> None:
    one = order(tmp_path)
    assert queue.refuse(one, "cannot be read").state == "failed"
    number = queued(queue, one)
    assert [(job.id, job.state) for job in queue.jobs()] == [(number, "queued")]


def _grab(file: Path, name: str, found: multiprocessing.SimpleQueue) -> None:
    queue = Queue(file)
    while (job := queue.claim(name)) is not None:
        found.put((job.id, name))
        queue.finish(job, RESULT, "")
    found.put(None)


def test_processes_never_share_a_job(tmp_path: Path, queue: Queue, file: Path) -> None:
    for n in range(60):
        queued(queue, order(tmp_path, f"c{n}"))
    context = multiprocessing.get_context("spawn")
    found = context.SimpleQueue()
    workers = [context.Process(target=_grab, args=(file, f"w{n}", found)) for n in range(3)]
    for worker in workers:
        worker.start()
    seen, ended = [], 0
    while ended < len(workers):
        one = found.get()
        seen, ended = (seen, ended + 1) if one is None else ([*seen, one[0]], ended)
    for worker in workers:
        worker.join()
    assert sorted(seen) == [job.id for job in queue.jobs()]


def test_a_file_that_is_no_queue_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "q").write_text("something else, and long enough to be no header of a database" * 10)
    with pytest.raises(OutputError, match="is no queue that can be used"):
        Queue(tmp_path / "q")


@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
def test_who_comes_while_another_makes_the_file_waits(tmp_path: Path, lock: str) -> None:
    file = tmp_path / "q.sqlite"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute(f"BEGIN {lock}")
    other.execute("CREATE TABLE something (id INTEGER)")
    release = threading.Timer(0.4, lambda: other.execute("COMMIT"))
    release.start()
    queue = Queue(file)
    release.join()
    assert queue.jobs() == []
