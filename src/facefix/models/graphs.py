"""Forward passes recorded as CUDA graphs: hundreds of small kernels are started at once instead of one by one from Python.

It pays where a network has many layers of little work each, as restorers of single faces have. Upscalers are few large layers:
starting them takes no time worth saving, and a recording would hold their memory for good.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    Forward = Callable[[torch.Tensor], torch.Tensor]
    Key = tuple[tuple[int, ...], torch.dtype]

_LOG = logging.getLogger(__name__)
_WARM = 2
"""Passes of a shape before it is recorded: a clip's last batch comes once, and libraries choose their ways in the first."""
_MOST = 4
"""Shapes that are recorded: each keeps its pass's kernels, and the memory of its question and its answer."""
_ONE_AT_A_TIME = threading.Lock()
"""A process may record one pass at a time, whatever the card: beginning waits for a whole card, which ends other recordings."""


class Replayed:
    """A forward pass that is recorded for the shapes it is given often. Gives the same as without; not thread-safe."""

    def __init__(self, forward: Forward, record: Callable[[Forward, torch.Tensor], Forward] | None = None) -> None:
        """
        Args:
            forward: what it does must hang on its argument's values and shape alone, and it must not wait for the device.
            record: gives a pass that does the same for tensors of the same shape; default: as a CUDA graph.
        """
        self._forward = forward
        self._record = record or _Recorder()
        self._seen: Counter[Key] = Counter()
        self._records: dict[Key, Forward] = {}

    def __call__(self, given: torch.Tensor) -> torch.Tensor:
        key = (tuple(given.shape), given.dtype)
        if key not in self._records:
            self._seen[key] += 1
            if self._seen[key] <= _WARM or len(self._records) == _MOST:
                return self._forward(given)
            try:
                self._records[key] = self._record(self._forward, given)
            except RuntimeError as error:
                # Too little memory, or a driver that cannot: it works without, as it did until now.
                _LOG.debug("a pass of shape %s is not recorded: %s", key[0], error)
                self._records[key] = self._forward
        return self._records[key](given)

    def forget(self) -> None:
        """Let go of all recordings, and of the card's memory that they hold."""
        self._seen.clear()
        self._records.clear()
        if isinstance(self._record, _Recorder):
            # Memory that was shared by recordings which are gone takes no new ones.
            self._record = _Recorder()


class _Recorder:
    """Records passes of one card. They share their memory: never are two replayed at a time."""

    def __init__(self) -> None:
        self._pool: Any = None
        self._stream: torch.cuda.Stream | None = None

    def __call__(self, forward: Forward, given: torch.Tensor) -> Forward:
        """Raises RuntimeError where it cannot be recorded."""
        import torch

        fixed = given.clone()
        graph = torch.cuda.CUDAGraph()
        with _ONE_AT_A_TIME, torch.cuda.device(given.device):
            if self._stream is None:
                self._pool, self._stream = torch.cuda.graph_pool_handle(), torch.cuda.Stream()
            here, aside = torch.cuda.current_stream(), self._stream
            aside.wait_stream(here)
            try:
                # `graph` has one stream of its own for all cards and threads, and leaves it set where recording fails.
                with torch.cuda.stream(aside):
                    forward(fixed)
                    # Other threads may use the card meanwhile.
                    with torch.cuda.graph(graph, pool=self._pool, stream=aside, capture_error_mode="thread_local"):
                        answer = forward(fixed)
            except RuntimeError:
                self._stream = None
                raise
            here.wait_stream(aside)

        def replay(tensor: torch.Tensor) -> torch.Tensor:
            fixed.copy_(tensor)
            graph.replay()
            # The next pass writes to the same memory.
            return answer.clone()

        return replay
