"""Crops of all faces and frames are restored in rounds: eight at once take an accelerator little longer than one.

Who asks gets an answer to be taken later. A round begins when enough crops wait, or when an answer is taken that is not there
yet. On a CPU a round is one crop: its network works beside the fusing of those before.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair.restorers.aside import Aside
from facefix.repair.restorers.contract import Restorer

Answer = Callable[[], NDArray[float32]]
"""Gives the restored crop (S, S, 3)."""


class Rounds:
    """Those who share it share its rounds. To be asked by one thread; rounds are held in another."""

    def __init__(self, restorer: Restorer, size: int = 1) -> None:
        """size: crops of a round, where so many are asked for before an answer is taken."""
        self.size = size
        self.restorer = restorer
        self._waiting: list[_Asked] = []
        self._aside = Aside()

    def ask(self, crop: NDArray[float32], source_px: float) -> Answer:
        """See `contract.Restorer.restore`, of one crop (S, S, 3)."""
        asked = _Asked(crop, source_px, self._begin)
        self._waiting.append(asked)
        if len(self._waiting) >= self.size:
            self._begin()
        return asked.taken

    def _begin(self) -> None:
        """A round of all that waits."""
        some, self._waiting = self._waiting, []
        done = self._aside.begin(self._hold, some)
        for asked in some:
            asked.done = done

    def _hold(self, some: list[_Asked]) -> None:
        for side in sorted({asked.crop.shape[0] for asked in some}):
            alike = [asked for asked in some if asked.crop.shape[0] == side]
            restored = self.restorer.restore(np.stack([one.crop for one in alike]), [one.source_px for one in alike])
            for asked, answer in zip(alike, restored, strict=True):
                asked.answer = answer


class _Asked:
    def __init__(self, crop: NDArray[float32], source_px: float, begin: Callable[[], None]) -> None:
        self.crop, self.source_px = crop, source_px
        self.answer: NDArray[float32] | None = None
        self.done: Future[None] | None = None
        self._begin = begin

    def taken(self) -> NDArray[float32]:
        """Raises what the restorer raised."""
        if self.done is None:
            self._begin()
        assert self.done is not None
        self.done.result()
        assert self.answer is not None
        return self.answer
