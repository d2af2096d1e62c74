"""Runs a network over pictures of one shape, several at a time: an accelerator is kept at work, and its memory suffices."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.errors import ModelError
from facefix.models import graphs, tensors

if TYPE_CHECKING:
    import torch

    Forward = Callable[[torch.Tensor], torch.Tensor]


class Batches:
    """Remembers how many fitted into memory at a time: where it ran out, batches stay smaller. Not thread-safe."""

    def __init__(self, forward: Forward, device: torch.device, size: int) -> None:
        """
        Args:
            forward: (N, C, H, W) on the device -> (N, D, h, w), in any number format.
            size: pictures at a time, at first.
        """
        accelerated = device.type == "cuda"
        self._replayed = graphs.Replayed(forward) if accelerated else None
        self._forward = self._replayed or forward
        self._device = device
        self._ahead = int(accelerated)
        """Batches that are at work while the one before is taken."""
        self.size = size

    def run(self, pictures: Iterable[NDArray[float32]]) -> Iterator[NDArray[float32]]:
        """(H, W, C) each, all of one shape -> (h, w, D) float32 each, in order. Pictures are asked for as they are needed.

        Raises:
            ModelError: out of memory even with one picture at a time.
        """
        source, left = iter(pictures), list[NDArray[float32]]()
        flying: deque[tensors.Flying] = deque()
        while True:
            left += islice(source, max(0, self.size - len(left)))
            if not left:
                break
            some = left[: self.size]
            if (begun := self._begun(some)) is not None:
                flying.append(begun)
                left = left[len(some) :]
            while flying and (begun is None or len(flying) > self._ahead):
                yield from flying.popleft().landed()
        while flying:
            yield from flying.popleft().landed()

    def _begun(self, some: list[NDArray[float32]]) -> tensors.Flying | None:
        """None where memory ran out: batches are smaller now. Raises ModelError."""
        import torch

        try:
            with torch.inference_mode():
                answer = self._forward(tensors.planes(np.stack(some), self._device))
                return tensors.Flying(answer.float().permute(0, 2, 3, 1))
        except torch.OutOfMemoryError as error:
            if len(some) == 1:
                raise ModelError(f"{self._device} has too little free memory for even one face; use --device cpu.") from error
        self.size = len(some) // 2
        if self._replayed is not None:
            # Batches of the size so far do not come again, but their recordings hold memory.
            self._replayed.forget()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        return None
