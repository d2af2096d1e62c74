"""How long each stage of the pipeline was at work, for whoever asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class Spent:
    """What a stage took."""

    seconds: float = 0.0
    """At work or waiting, without the stages that ran inside it."""
    items: int = 0
    """What it did, mostly frames."""


@dataclass(slots=True)
class Profile:
    """Stage -> what it took, in the order of first use. Stages run side by side, so their seconds may exceed the clock's."""

    wall_s: float = 0.0
    stages: dict[str, Spent] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _running: threading.local = field(default_factory=threading.local, repr=False)

    def begin(self, stage: str, items: int) -> None:
        """This thread turns to a stage; the one it was at stands still until `end`."""
        stack: list[tuple[str, float]] = self._running.__dict__.setdefault("stack", [])
        now = time.perf_counter()
        with self._lock:
            if stack:
                self.stages[stack[-1][0]].seconds += now - stack[-1][1]
            self.stages.setdefault(stage, Spent()).items += items
        stack.append((stage, now))

    def end(self) -> None:
        """This thread is done with the stage it began last."""
        stack: list[tuple[str, float]] = self._running.stack
        now = time.perf_counter()
        stage, since = stack.pop()
        with self._lock:
            self.stages[stage].seconds += now - since
        if stack:
            stack[-1] = (stack[-1][0], now)


_asked: ContextVar[Profile | None] = ContextVar("profile", default=None)


@contextmanager
def profiled() -> Iterator[Profile]:
    """Record the stages that run inside the context, in its threads too."""
    profile, began = Profile(), time.perf_counter()
    token = _asked.set(profile)
    try:
        yield profile
    finally:
        _asked.reset(token)
        profile.wall_s = time.perf_counter() - began


@contextmanager
def clocked(stage: str, items: int = 1) -> Iterator[None]:
    """What runs inside belongs to that stage; costs next to nothing where nobody asked."""
    profile = _asked.get()
    if profile is None:
        yield
        return
    profile.begin(stage, items)
    try:
        yield
    finally:
        profile.end()


def clocked_each(stage: str, items: Iterable[Item]) -> Iterator[Item]:
    """The items; making each belongs to that stage, what is done with them does not."""
    iterator = iter(items)
    while True:
        with clocked(stage):
            try:
                item = next(iterator)
            except StopIteration:
                return
        yield item
