"""Numpy pictures as the tensors that networks take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facefix.types import Placed

if TYPE_CHECKING:
    import torch


def planes(pictures: NDArray[np.float32], device: torch.device) -> torch.Tensor:
    """(..., H, W, C) -> (..., C, H, W) on the device."""
    import torch

    here = torch.from_numpy(np.ascontiguousarray(np.moveaxis(pictures, -1, -3), np.float32))
    # From pinned memory the copy need not be waited for.
    return here.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else here.to(device)


class Flying:
    """Answers on their way to main memory; an accelerator goes on with what comes next meanwhile."""

    def __init__(self, answers: torch.Tensor) -> None:
        """answers: (N, ...) on any device."""
        import torch

        self._there, self._event = answers, None
        if answers.device.type == "cuda":
            # Into other memory than pinned the copy would be waited for, and take several times as long.
            self._there = torch.empty(answers.shape, dtype=answers.dtype, pin_memory=True)
            self._there.copy_(answers, non_blocking=True)
            self._event = torch.cuda.Event()
            # By itself an event belongs to the thread's present card, which need not be the one that copies.
            self._event.record(torch.cuda.current_stream(answers.device))

    def landed(self) -> NDArray[np.float32]:
        """Once they are all there."""
        if self._event is not None:
            self._event.synchronize()
        return self._there.cpu().numpy()


def stacked(anchors: Sequence[Sequence[Placed]], most: int, side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N, most, S, S, 3) pixels and (N, most, S, S) coverage of N times up to `most` placed crops of side S; more are left
    out, empty places are black and uncovered."""
    pixels = np.zeros((len(anchors), most, side, side, 3), np.float32)
    coverage = np.zeros((len(anchors), most, side, side), np.float32)
    for n, several in enumerate(anchors):
        for k, placed in enumerate(several[:most]):
            pixels[n, k], coverage[n, k] = placed.pixels, placed.coverage
    return pixels, coverage
