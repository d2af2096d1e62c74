"""Stages of a pass run side by side: threads with short queues between them. What comes out, and in which order, is what
one thread would give; decoders, encoders, OpenCV and torch let go of Python's lock while they work.

A picture that is handed over is the other thread's: PyAV converts it by a context of the picture's own, and two conversions at
once crash the process. And no thread outlives Python: a decoder at work while the interpreter is taken down crashes it too.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import Generic, TypeVar

from facefix.pipeline.profiling import clocked

Item = TypeVar("Item")
DEPTH = 6
"""Items that wait between two stages: enough to even out frames of unlike cost, few enough for pictures of 4K."""
_LOOK_UP_S = 0.2
"""How often a waiting thread looks whether Python is about to end."""
_END = object()


def ahead(items: Iterable[Item], depth: int = DEPTH) -> Generator[Item, None, None]:
    """The items, made in a thread while the one before is worked on.

    What making one raises is raised here in its turn. Who leaves early must close the generator, or let go of it: the thread
    then ends behind the item it is making, as it does when the main thread ends. The items' iterator is run, and closed, in the
    thread alone.

    Args:
        depth: items made and not yet taken, at most.
    """
    waiting: queue.Queue[object] = queue.Queue(depth)
    left = threading.Event()

    def make() -> None:
        iterator = iter(items)
        try:
            for item in iterator:
                if not _handed_over(waiting, item, left):
                    return
            _handed_over(waiting, _END, left)
        except BaseException as error:
            _handed_over(waiting, _Raised(error), left)
        finally:
            if isinstance(iterator, Generator):
                iterator.close()

    thread = _started(make)
    try:
        while True:
            with clocked("waiting for pictures"):
                item = _taken(waiting, thread)
            if item is _END:
                return
            if isinstance(item, _Raised):
                raise item.error
            yield item  # type: ignore[misc]
    finally:
        left.set()
        _emptied(waiting)
        thread.join()


class Behind(Generic[Item]):
    """A context that lets a thread do `work` on items, in the order they are put.

    What the work raises is raised by the next `put`, or at the context's end; items behind it are dropped. A context that ends
    by an exception drops what still waits.

    Args:
        depth: items put and not yet worked on, at most.
        slower: what is waited for when they are as many, for the profile.
    """

    def __init__(self, work: Callable[[Item], None], depth: int = DEPTH, slower: str = "the encoder") -> None:
        self._work = work
        self._wait = f"waiting for {slower}"
        self._waiting: queue.Queue[object] = queue.Queue(depth)
        self._dropping = threading.Event()
        self._error: BaseException | None = None

    def __enter__(self) -> Behind[Item]:
        self._thread = _started(self._serve)
        return self

    def put(self, item: Item) -> None:
        """Hand over an item; waits while the queue is full. Raises what the work on an earlier one raised."""
        if self._error is not None:
            raise self._error
        with clocked(self._wait):
            self._waiting.put(item)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self._dropping.set()
        with clocked(self._wait, 0):
            self._waiting.put(_END)
            self._thread.join()
        if error is None and self._error is not None:
            raise self._error

    def _serve(self) -> None:
        while (item := self._next()) is not _END:
            if self._dropping.is_set():
                continue
            try:
                self._work(item)  # type: ignore[arg-type]
            except BaseException as error:
                self._error = error
                self._dropping.set()

    def _next(self) -> object:
        while True:
            try:
                return self._waiting.get(timeout=_LOOK_UP_S)
            except queue.Empty:
                if not threading.main_thread().is_alive():
                    return _END


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def _started(work: Callable[[], None]) -> threading.Thread:
    """A thread that sees this one's context variables. The interpreter waits for it, so it must look up from time to time
    whether anybody still waits for what it does."""
    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=False)
    thread.start()
    return thread


def _handed_over(waiting: queue.Queue[object], item: object, left: threading.Event) -> bool:
    """Whether the item was put and more is wanted."""
    while not left.is_set() and threading.main_thread().is_alive():
        try:
            waiting.put(item, timeout=_LOOK_UP_S)
        except queue.Full:
            continue
        return not left.is_set()
    return False


def _taken(waiting: queue.Queue[object], maker: threading.Thread) -> object:
    """The next item; the end where its maker has gone and left none: Python is about to end, and whoever waits here is a maker
    himself."""
    while True:
        gone = not maker.is_alive()
        try:
            return waiting.get(timeout=_LOOK_UP_S)
        except queue.Empty:
            if gone:
                return _END


def _emptied(waiting: queue.Queue[object]) -> None:
    while True:
        try:
            waiting.get_nowait()
        except queue.Empty:
            return
