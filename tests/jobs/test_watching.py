"""A watched folder, with its real watcher."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.clips import write_clip
from tests.jobs.orders import home_in, order, queued

from facefix.errors import SettingsError
from facefix.jobs.batch import Wish
from facefix.jobs.home import Home
from facefix.jobs.records import Order, Result
from facefix.jobs.store import Queue
from facefix.jobs.watching import Watch, Watcher, command_for, move, run
from facefix.jobs.working import Terms, Worker
from facefix.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_in(tmp_path / "queue")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def until(true: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


@pytest.mark.parametrize("polling", [False, True])
def test_clips_are_queued_as_they_arrive(tmp_path: Path, root: Path, home: Home, polling: bool) -> None:
    write_clip(root / "before.mp4")
    ready = write_clip(tmp_path / "ready.mp4").read_bytes()
    (tmp_path / "shots").mkdir()
    write_clip(tmp_path / "shots" / "moved.mp4")
    queue, troubles = Queue(home.file), []
    with Watcher(Watch(Wish(root, None, Settings()), settle_s=0.2, polling=polling), home, troubles.append) as watcher:
        assert until(lambda: len(queue.jobs()) == 1)
        with (root / "slow.mp4").open("wb") as file:
            for start in range(0, len(ready), len(ready) // 10):
                file.write(ready[start : start + len(ready) // 10])
                file.flush()
                time.sleep(0.1)
                assert len(queue.jobs()) == 1
        (root / "download.mp4.part").write_bytes(ready)
        (tmp_path / "shots").rename(root / "shots")
        assert until(lambda: len(queue.jobs()) == 3)
        (root / "download.mp4.part").rename(root / "download.mp4")
        assert until(lambda: len(queue.jobs()) == 4 and watcher.idle)
        time.sleep(0.5)
    names = sorted(str(job.order.clip.relative_to(root)) for job in queue.jobs())
    assert names == ["before.mp4", "download.mp4", "shots/moved.mp4", "slow.mp4"] and not troubles


def test_results_inside_the_folder_are_not_taken_for_clips(root: Path, home: Home) -> None:
    write_clip(root / "a.mp4")
    queue = Queue(home.file)
    with Watcher(Watch(Wish(root, root / "fixed", Settings()), settle_s=0.1), home, print) as watcher:
        assert until(lambda: len(queue.jobs()) == 1)
        shutil.copy(root / "a.mp4", root / "copy.mp4")
        (root / "fixed").mkdir()
        shutil.copy(root / "a.mp4", root / "fixed" / "a.mp4")
        assert until(lambda: len(queue.jobs()) == 2 and watcher.idle)
        time.sleep(1)
    assert len(queue.jobs()) == 2


def test_a_restart_does_nothing_again(root: Path, home: Home) -> None:
    (root / "a.mp4").write_bytes(write_clip(root.with_name("a.mp4")).read_bytes())
    queue = Queue(home.file)

    def how(order: Order, *rest) -> Result:
        shutil.copy(order.clip, order.out)
        return Result("clean", 12, "", {})

    root.with_name("in_fixed").mkdir()
    for _ in range(2):
        with Watcher(Watch(Wish(root, None, Settings()), settle_s=0.1), home, print) as watcher:
            assert until(lambda one=watcher: one.idle)
        Worker(Terms(home, None, 0.0), how).run()
    assert [(job.state, job.attempts) for job in queue.jobs()] == [("done", 1)]


def test_the_folder_itself_is_no_place_for_results(root: Path) -> None:
    with pytest.raises(SettingsError, match="is the folder that is watched"):
        Watch(Wish(root, root, Settings()))


def test_a_program_is_told_without_a_shell(tmp_path: Path, home: Home, root: Path) -> None:
    queue = Queue(home.file)
    one = order(root, "a b;rm")
    job = queue.job(queued(queue, one))
    words = command_for("notify --text 'is done' {clip}:{out}", job, home)
    assert words == ["notify", "--text", "is done", f"{one.clip}:{one.out}"]
    assert command_for("open", job, home) == ["open", str(one.out)]
    assert run([sys.executable, "-c", "raise SystemExit(3)"]) == f"--on-done: {sys.executable} ended with 3."
    assert "cannot be started" in (run(["no-such-program-at-all"]) or "")
    assert run([sys.executable, "-c", ""]) is None


def test_originals_move_and_overwrite_nothing(tmp_path: Path, root: Path) -> None:
    clip = root / "sub" / "a.mp4"
    clip.parent.mkdir()
    clip.write_text("one")
    assert move(clip, root, tmp_path / "old") is None and (tmp_path / "old/sub/a.mp4").read_text() == "one"
    clip.write_text("two")
    assert "exists already" in (move(clip, root, tmp_path / "old") or "")
    assert clip.exists() and (tmp_path / "old/sub/a.mp4").read_text() == "one"
