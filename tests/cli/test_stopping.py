"""Signals that unwind the process, and such as were swallowed on the way."""

import contextlib
import signal
import sys
import threading

import pytest

from facefix.cli.progress import Progress
from facefix.cli.stopping import heed, stopped_orderly

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.mark.parametrize(
    ("number", "raised", "code"),
    [(signal.SIGINT, KeyboardInterrupt, None), (signal.SIGTERM, SystemExit, 143), (signal.SIGHUP, SystemExit, 129)],
)
def test_a_signal_unwinds_and_when_swallowed_is_heeded_at_the_next_frame(
    number: signal.Signals, raised: type[BaseException], code: int | None, request: pytest.FixtureRequest
) -> None:
    progress = Progress("a.mp4")
    # What runs the tests may ignore it, as nohup does; then facefix does not touch it.
    found = signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    request.addfinalizer(lambda: signal.signal(number, found))
    before = signal.getsignal(number)
    with stopped_orderly():
        progress("repairing", 1, 3)
        # As a library's `try: import this; except: pass` does.
        with contextlib.suppress(raised):
            signal.raise_signal(number)
        with pytest.raises(raised) as told:
            progress("repairing", 2, 3)
    assert getattr(told.value, "code", None) == code
    assert signal.getsignal(number) is before
    heed()


def test_in_another_thread_no_handler_is_set() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with stopped_orderly():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
