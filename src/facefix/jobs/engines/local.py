"""This machine: one worker in this process, or several in processes of their own that share nothing but the queue."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any

from facefix import pipeline
from facefix.errors import FacefixError, SettingsError
from facefix.jobs.engines.contract import Audience, EngineSpec
from facefix.jobs.performing import on_its_device, perform
from facefix.jobs.records import Order, Result
from facefix.jobs.store import Queue
from facefix.jobs.working import Terms, Worker

_LOOK_S = 0.3
_STOP_S = 20.0
"""How long workers may take to give their jobs back."""


class Local:
    """See `contract.Engine`."""

    def run(self, terms: Terms, workers: int, audience: Audience) -> None:
        if workers == 1:
            self._here(terms, audience)
        else:
            _Crew(terms, workers).run(audience)

    def _here(self, terms: Terms, audience: Audience) -> None:
        def stop() -> bool:
            audience.tick()
            return audience.stop()

        Worker(terms, perform, watch=audience.watch, on_pause=audience.pause, stop=stop).run()
        audience.tick()


class _Crew:
    """Worker processes; one that dies is replaced, and its job goes to whoever asks next."""

    def __init__(self, terms: Terms, workers: int) -> None:
        self._terms, self._count = replace(terms, parent=os.getpid()), workers
        self._context = get_context("spawn")
        self._pauses = self._context.Queue()
        self._stop = self._context.Event()
        self._crew: dict[int, BaseProcess] = {}
        self._queue = Queue(terms.home.file)

    def run(self, audience: Audience) -> None:
        threads = max(1, (os.cpu_count() or 1) // self._count)
        try:
            while self._wanted() or any(one.is_alive() for one in self._crew.values()):
                self._crew = {number: one for number, one in self._crew.items() if one.is_alive()}
                for number in range(self._count):
                    if number not in self._crew and self._wanted():
                        self._crew[number] = self._worker(number, threads)
                while not self._pauses.empty():
                    audience.pause(self._pauses.get())
                audience.tick()
                if audience.stop():
                    self._stop.set()
                time.sleep(_LOOK_S)
        finally:
            self._dismiss()
        audience.tick()

    def _worker(self, number: int, threads: int) -> BaseProcess:
        place = (number, self._count)
        one = self._context.Process(target=_work, args=(self._terms, place, threads, self._pauses, self._stop))
        one.start()
        return one

    def _wanted(self) -> bool:
        if self._stop.is_set():
            return False
        return not self._terms.drain or bool(self._queue.jobs(("queued", "running"), self._terms.among))

    def _dismiss(self) -> None:
        """End what still runs: each gives its job back first."""
        self._stop.set()
        for one in self._crew.values():
            if one.is_alive():
                one.terminate()
        for one in self._crew.values():
            one.join(_STOP_S)
            if one.is_alive():
                one.kill()


def _work(terms: Terms, place: tuple[int, int], threads: int, pauses: Any, stop: Any) -> None:
    """A worker process. place: its number among how many."""
    import signal
    import sys

    import cv2

    # Read by the networks' library when it is imported, which is later.
    os.environ["OMP_NUM_THREADS"] = str(threads)
    cv2.setNumThreads(threads)
    # The terminal interrupts the whole group; the parent says when to end, and its SIGTERM unwinds like an exit.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def perform_here(order: Order, workspace: pipeline.Workspace, progress: pipeline.Progress) -> Result:
        return perform(on_its_device(order, *place), workspace, progress)

    try:
        Worker(terms, perform_here, on_pause=pauses.put, stop=stop.is_set).run()
    except FacefixError as error:
        pauses.put(str(error))


def _start(address: str | None) -> Local:
    if address is not None:
        raise SettingsError("--address: belongs to --engine ray; this machine has none.")
    return Local()


SPEC = EngineSpec("local", "processes on this machine", _start)
