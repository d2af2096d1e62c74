"""Threads between stages: the same items in the same order, errors in their turn, nothing left running."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from facefix.pipeline.overlapping import Behind, ahead
from facefix.pipeline.profiling import clocked, profiled


def _threads() -> int:
    return threading.active_count()


def test_ahead_gives_the_same_items_in_order() -> None:
    assert list(ahead(range(100), depth=3)) == list(range(100))
    assert list(ahead([])) == []


def test_ahead_makes_no_more_than_its_depth() -> None:
    made = []

    def items() -> Iterator[int]:
        for i in range(100):
            made.append(i)
            yield i

    running = ahead(items(), depth=2)
    assert next(running) == 0
    time.sleep(0.2)
    # One taken, two waiting, one in the maker's hand.
    assert len(made) == 4
    running.close()


def test_ahead_raises_what_making_an_item_raises_in_its_turn() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("the second one")

    running = ahead(items())
    assert next(running) == 1
    with pytest.raises(ValueError, match="the second one"):
        next(running)


def test_who_leaves_early_leaves_no_thread_and_no_open_iterator() -> None:
    before, closed = _threads(), []

    def items() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.append(threading.current_thread() is not threading.main_thread())

    for taken in ahead(items(), depth=1):
        if taken == 3:
            break
    deadline = time.monotonic() + 5
    while _threads() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert _threads() == before
    assert closed == [True]


def test_behind_works_in_order_and_is_done_at_its_end() -> None:
    done: list[int] = []

    def work(item: int) -> None:
        time.sleep(0.001)
        done.append(item)

    with Behind(work, depth=2) as behind:
        for i in range(50):
            behind.put(i)
    assert done == list(range(50))


def test_behind_raises_what_its_work_raised_and_drops_the_rest() -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 3:
            raise OSError("no room")
        done.append(item)

    with pytest.raises(OSError, match="no room"), Behind(work, depth=1) as behind:
        for i in range(1000):
            behind.put(i)
    assert done == [0, 1, 2]


def test_an_error_at_the_last_item_is_not_lost() -> None:
    def work(item: int) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"), Behind(work) as behind:
        behind.put(1)


def test_an_exception_in_the_context_drops_what_waits() -> None:
    done: list[int] = []
    gate = threading.Event()

    def work(item: int) -> None:
        gate.wait(5)
        done.append(item)

    with pytest.raises(KeyboardInterrupt), Behind(work, depth=5) as behind:
        for i in range(4):
            behind.put(i)
        threading.Timer(0.05, gate.set).start()
        raise KeyboardInterrupt
    assert len(done) <= 1


def test_the_stages_of_threads_are_recorded() -> None:
    def items() -> Iterator[int]:
        for i in range(4):
            with clocked("making"):
                time.sleep(0.05)
            yield i

    with profiled() as profile:
        for _ in ahead(items()):
            with clocked("using"):
                time.sleep(0.05)
    making, using = profile.stages["making"], profile.stages["using"]
    assert making.items == using.items == 4 and min(making.seconds, using.seconds) >= 0.2
    # Side by side: the clock shows less than both together, however busy the machine is.
    assert profile.wall_s < 0.9 * (making.seconds + using.seconds)


_LEFT_OPEN = """
from facefix.pipeline.overlapping import Behind, ahead

def items():
    try:
        while True:
            yield bytes(1 << 20)
    finally:
        print("decoder closed", flush=True)

running = ahead(items())
next(running)
behind = Behind(lambda item: None)
behind.__enter__()
behind.put(1)
raise SystemExit(130)
"""


_NESTED = """
import time
from facefix.pipeline.overlapping import ahead

def items():
    try:
        yield 1
        time.sleep(1)
        yield 2
    finally:
        print("decoder closed", flush=True)

running = ahead(item for item in ahead(items()))
next(running)
raise SystemExit(130)
"""


@pytest.mark.parametrize("program", [_LEFT_OPEN, _NESTED], ids=["one", "one that waits for another"])
def test_no_thread_outlives_python(program: str) -> None:
    """A thread that decodes while the interpreter is taken down crashes the process; one that waits would keep it for ever."""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout, run.stderr) == (130, "decoder closed\n", "")
