"""Several processes on one machine."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest
from tests.clips import moving, write_clip
from tests.jobs.orders import home_in

from facefix.errors import SettingsError
from facefix.files import clips_in
from facefix.jobs import liveness
from facefix.jobs.batch import Wish, enqueue
from facefix.jobs.engines import Audience, start
from facefix.jobs.store import Queue
from facefix.jobs.working import Terms
from facefix.settings import Settings


def silent(stop=lambda: False) -> Audience:
    return Audience(None, lambda sentence: None, lambda: None, stop)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_killed_worker_costs_nothing_but_time(tmp_path: Path) -> None:
    home, root = home_in(tmp_path / "queue"), tmp_path / "in"
    root.mkdir()
    for n in range(6):
        write_clip(root / f"{n}.mp4", moving(40, 320, 240, seed=n))
    queue = Queue(home.file, liveness.alive)
    ids = tuple(enqueue(queue, clips_in(root), Wish(root, None, Settings(crf=20))).ids)
    killed: list[int] = []

    def kill() -> None:
        while not killed:
            running = [job for job in Queue(home.file).jobs(("running",)) if job.worker]
            if running and running[0].worker:
                killed.append(int(running[0].worker.split("|")[1]))
                os.kill(killed[0], signal.SIGKILL)
            time.sleep(0.02)

    murderer = threading.Thread(target=kill)
    murderer.start()
    start("local", None).run(Terms(home, ids, 0.0), 2, silent())
    murderer.join()
    assert [job.state for job in queue.jobs()] == ["done"] * 6
    assert sorted(path.name for path in root.with_name("in_fixed").iterdir()) == [f"{n}.mp4" for n in range(6)]
    assert not psutil.pid_exists(killed[0]) or killed[0] != os.getpid()
    assert not list((home.folder / "renders").iterdir())


def test_engines_say_what_is_missing() -> None:
    with pytest.raises(SettingsError, match="choose from local, ray"):
        start("spark", None)
    with pytest.raises(SettingsError, match="belongs to --engine ray"):
        start("local", "auto")
