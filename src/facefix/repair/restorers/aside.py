"""Networks restore crops in a thread of their own, while those before are fused."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

Asked = ParamSpec("Asked")
Given = TypeVar("Given")


class Aside:
    """One thread that does what it is asked for, in that order. It ends when nobody holds this any more."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, initializer=_leave_a_core)

    def begin(self, work: Callable[Asked, Given], *args: Asked.args, **named: Asked.kwargs) -> Future[Given]:
        """Have some work done; its result gives what it returns or raises."""
        return self._thread.submit(copy_context().run, work, *args, **named)


def _leave_a_core() -> None:
    """Have networks in this thread leave a core to whoever asks: threads that wait for a core hold up all the others."""
    import torch

    # Asking is what makes torch choose a thread's number, which would undo a limit set before.
    threadpool_limits(max(1, min(torch.get_num_threads(), (os.cpu_count() or 2) - 1)), "openmp")
