"""A worker and what can happen to it."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.jobs.orders import done, home_in, order, perform, queued

from facefix import pipeline
from facefix.errors import FacefixError, OutputError
from facefix.jobs import heartbeat, working
from facefix.jobs.home import Home
from facefix.jobs.performing import Perform
from facefix.jobs.records import Order, Result
from facefix.jobs.store import Queue
from facefix.jobs.working import Terms, Worker


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BACK_OFF_S", "IDLE_S", "PAUSE_S"):
        monkeypatch.setattr(working, name, 0.01)
    monkeypatch.setattr(heartbeat, "BEAT_S", 0.02)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_in(tmp_path / "queue")


@pytest.fixture
def queue(home: Home) -> Queue:
    return Queue(home.file)


def work(home: Home, how: Perform = perform, **more) -> None:
    Worker(Terms(home, None, 0.0), how, **more).run()


def test_jobs_are_done_and_leave_a_log_and_a_report(tmp_path: Path, home: Home, queue: Queue) -> None:
    one, other = order(tmp_path, "a"), order(tmp_path, "sub/a", "b")
    ids = [queued(queue, one), queued(queue, other)]
    work(home)
    assert [queue.job(n).state for n in ids] == ["done", "done"]
    assert one.out.read_text() == done(one) and other.out.read_text() == done(other)
    assert "repaired" in home.log(ids[0]).read_text() and str(one.clip) in home.report(ids[0]).read_text()
    assert not home.renders(ids[0]).exists()


def test_an_error_that_stays_fails_the_job_at_once_and_no_other(tmp_path: Path, home: Home, queue: Queue) -> None:
    bad, good = queued(queue, order(tmp_path, "bad")), queued(queue, order(tmp_path, "good"))

    def how(order: Order, *rest) -> Result:
        if order.clip.stem == "bad":
            raise FacefixError(f"{order.clip}: is broken.")
        return perform(order, *rest)

    work(home, how)
    assert (queue.job(bad).state, queue.job(bad).attempts) == ("failed", 1)
    assert queue.job(bad).error.endswith("bad.mp4: is broken.") and queue.job(good).state == "done"


def test_an_unexpected_error_is_tried_again(tmp_path: Path, home: Home, queue: Queue) -> None:
    number, seen = queued(queue, order(tmp_path)), []

    def how(*all) -> Result:
        seen.append(1)
        if len(seen) < working.TRIES:
            raise RuntimeError("the card fell off the bus")
        return perform(*all)

    work(home, how)
    assert queue.job(number).state == "done" and len(seen) == working.TRIES
    assert "Traceback" in home.log(number).read_text()


def test_but_not_for_ever(tmp_path: Path, home: Home, queue: Queue) -> None:
    number = queued(queue, order(tmp_path))

    def how(*all) -> Result:
        raise RuntimeError("the card fell off the bus")

    work(home, how)
    assert queue.job(number).state == "failed" and f"tried {working.TRIES} times" in queue.job(number).error


def test_a_clip_that_kills_its_process_is_given_up(tmp_path: Path, home: Home) -> None:
    queue = Queue(home.file, lambda worker: False)
    number = queued(queue, order(tmp_path))
    for n in range(working.DEATHS):
        assert queue.claim(f"dead {n}") is not None
    dead = queue.job(number).worker
    assert dead is not None
    worker = Worker(Terms(home, None, 0.0), perform)
    worker._queue = queue
    worker.run()
    assert queue.job(number).state == "failed" and "died" in queue.job(number).error


def test_a_full_disk_makes_it_wait_not_fail(tmp_path: Path, home: Home, queue: Queue) -> None:
    number, told, seen = queued(queue, order(tmp_path)), [], []

    def how(*all) -> Result:
        seen.append(1)
        if len(seen) < 6:
            raise OutputError("x.mp4 cannot be written: the disk is full.") from OSError(errno.ENOSPC, "full")
        return perform(*all)

    work(home, how, on_pause=told.append)
    assert queue.job(number).state == "done" and len(told) == 1


def test_without_room_nothing_is_begun(tmp_path: Path, home: Home, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queued(queue, order(tmp_path))
    free, told = iter([10, 10, 10**12]), []
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage._replace(free=next(free, 10**12)))
    Worker(Terms(home, None, 1.0), perform, on_pause=told.append).run()
    assert len(told) == 1 and "are needed; free some space" in told[0]
    assert queue.job(1).state == "done"


def test_a_clip_that_changed_meanwhile_is_not_taken_for_the_old_one(tmp_path: Path, home: Home, queue: Queue) -> None:
    one = order(tmp_path)
    number = queued(queue, one)
    one.clip.write_text("another take")
    work(home)
    assert queue.job(number).state == "failed" and "has changed since it was queued" in queue.job(number).error
    assert not one.out.exists()


def test_nothing_is_overwritten_unasked(tmp_path: Path, home: Home, queue: Queue) -> None:
    one = order(tmp_path)
    one.out.parent.mkdir()
    one.out.write_text("mine")
    number = queued(queue, one)
    work(home)
    assert "exists already" in queue.job(number).error and one.out.read_text() == "mine"
    queued(queue, replace(one, overwrite=True))
    work(home)
    assert one.out.read_text() == done(one)


def test_a_result_of_its_own_is_no_obstacle(tmp_path: Path, home: Home) -> None:
    """The process died after the result got its name and before the queue heard of it."""
    queue = Queue(home.file, lambda worker: False)
    one = order(tmp_path)
    number = queued(queue, one)
    job = queue.claim("dead")
    assert job is not None
    queue.begin(job)
    one.out.parent.mkdir()
    one.out.write_text(done(one))
    worker = Worker(Terms(home, None, 0.0), perform)
    worker._queue = queue
    worker.run()
    assert queue.job(number).state == "done"


def test_a_renamed_clip_gets_a_copy(tmp_path: Path, home: Home, queue: Queue) -> None:
    one, other = order(tmp_path, "a", "same"), order(tmp_path, "b", "same")
    queued(queue, one)
    work(home)
    number = queued(queue, other)

    def never(*all) -> Result:
        raise AssertionError("nothing is to be performed")

    work(home, never)
    assert queue.job(number).state == "done" and other.out.read_text() == one.out.read_text()


def test_a_result_that_was_tampered_with_is_not_copied(tmp_path: Path, home: Home, queue: Queue) -> None:
    one, other = order(tmp_path, "a", "same"), order(tmp_path, "b", "same")
    queued(queue, one)
    work(home)
    one.out.write_text("cut by hand")
    queued(queue, other)
    work(home)
    assert other.out.read_text() == done(other)


def test_a_cancelled_job_stops_and_leaves_nothing(tmp_path: Path, home: Home, queue: Queue) -> None:
    number = queued(queue, order(tmp_path))

    def how(order: Order, workspace: pipeline.Workspace, progress: pipeline.Progress) -> Result:
        workspace.renders.mkdir(parents=True)
        queue.cancel([number])
        for _ in range(500):
            progress("repairing", 1, 2)
            heartbeat.threading.Event().wait(0.01)
        raise AssertionError("was not stopped")

    work(home, how)
    assert queue.job(number).state == "cancelled" and not home.renders(number).exists()


def test_a_job_that_was_taken_over_is_not_delivered(tmp_path: Path, home: Home, queue: Queue) -> None:
    one = order(tmp_path)
    number = queued(queue, one)

    def how(*all) -> Result:
        queue._base.execute("UPDATE jobs SET worker = 'another'")
        return perform(*all)

    worker = Worker(Terms(home, None, 0.0), how, stop=lambda: queue.job(number).worker == "another")
    worker.run()
    assert not one.out.exists() and queue.job(number).worker == "another"


def test_an_interrupt_gives_the_job_back(tmp_path: Path, home: Home, queue: Queue) -> None:
    number = queued(queue, order(tmp_path))

    def how(*all) -> Result:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(home, how)
    assert (queue.job(number).state, queue.job(number).attempts) == ("queued", 0)


def test_a_page_that_is_missing_is_made_of_what_was_done_before(
    tmp_path: Path, home: Home, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[Path, object]] = []

    def tell(order: Order, document: Mapping[str, object], *rest: object) -> None:
        assert order.page is not None
        order.page.parent.mkdir(exist_ok=True)
        order.page.write_text("page")
        told.append((order.clip, document["repaired_frames"]))

    def how(order: Order, *rest) -> Result:
        done = perform(order, *rest)
        return replace(done, document={**done.document, "repaired_frames": 3})

    monkeypatch.setattr(working, "tell", tell)
    one = order(tmp_path, "a")
    number = queued(queue, one)
    work(home, how)
    wanted = replace(one, settings=replace(one.settings, report=str(tmp_path / "report")))
    assert wanted.wish == one.wish
    assert queued(queue, wanted) == number and queue.job(number).state == "queued"

    def never(*all) -> Result:
        raise AssertionError("the result is there")

    work(home, never)
    assert told == [(one.clip, 3)] and (queue.job(number).state, queue.job(number).verdict) == ("done", "repair")
    assert queue.add(wanted, queue.job(number).content).state == "done", "nothing is missing"
    copy = replace(wanted, clip=tmp_path / "b.mp4", out=tmp_path / "out" / "b.mp4")
    copy.clip.write_text(one.clip.read_text())
    queued(queue, copy)
    work(home, never)
    assert told[1:] == [(copy.clip, 3)] and copy.out.read_text() == one.out.read_text()


def test_a_result_that_was_changed_is_not_written_over_for_a_page(tmp_path: Path, home: Home, queue: Queue) -> None:
    one = order(tmp_path, "a")
    number = queued(queue, one)
    work(home)
    one.out.write_text("graded by hand")
    queued(queue, replace(one, settings=replace(one.settings, report=str(tmp_path / "report"))))
    work(home)
    assert one.out.read_text() == "graded by hand"
    assert queue.job(number).state == "failed" and "exists already" in queue.job(number).error
