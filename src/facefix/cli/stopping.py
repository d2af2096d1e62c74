"""Signals that end a process in the middle (Ctrl-C, a queue's SIGTERM, a closed terminal) unwind it instead."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CAME: ContextVar[list[int]] = ContextVar("_CAME")
"""Signals that came so far; the pipeline's threads see the same list."""
_ENDED_BY = ("SIGTERM", "SIGHUP")


@contextmanager
def stopped_orderly() -> Iterator[None]:
    """A context in which these signals raise: SIGINT KeyboardInterrupt, the others SystemExit with the shell's code."""
    came: list[int] = []

    def stop(number: int, frame: object) -> None:
        came.append(number)
        _end(number)

    defaults = {signal.SIGINT: signal.default_int_handler}
    defaults |= {getattr(signal, name): signal.SIG_DFL for name in _ENDED_BY if hasattr(signal, name)}
    if threading.current_thread() is not threading.main_thread():
        defaults = {}
    mine = {number: usual for number, usual in defaults.items() if signal.getsignal(number) is usual}
    for number in mine:
        signal.signal(number, stop)
    token = _CAME.set(came)
    try:
        yield
    finally:
        _CAME.reset(token)
        for number, usual in mine.items():
            signal.signal(number, usual)


def heed() -> None:
    """Raise again for a signal that came: what a signal raises may be swallowed, where a library imports whatever is there
    or while an object is thrown away."""
    for number in _CAME.get([]):
        _end(number)


def _end(number: int) -> None:
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)
