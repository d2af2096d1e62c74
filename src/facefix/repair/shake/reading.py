"""Pairs of frames in, how differently their heads are shaken out, for those who speak numpy."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facefix.models import devices, own, zoo
from facefix.repair.shake.evidence import Pair

WEIGHTS = "shake.safetensors"
BATCH = 16

Told = tuple[NDArray[np.float64], NDArray[np.float64]]
"""(N, 4) shakes of first frames less those of second ones, as `places.shake` has them, in axes of the first's view; and
(N, 4, 4) how surely: the inverse of their covariance."""


class ShakeReader:
    """The network in memory, without a state of its own; build it once and keep it."""

    def __init__(self, device: str = "auto", path: Path | None = None) -> None:
        """path: weights, by default those that facefix brings along.

        Raises ModelError where they are missing or damaged, SettingsError where there is no such device.
        """
        self._device = devices.resolve(device)
        self._network = _load(path or zoo.checked(WEIGHTS)).to(self._device)
        self.steady: NDArray[np.float32] = self._network.steady.cpu().numpy()
        """(478,) how far each point of a mesh goes with the head and not with the play of its features."""

    def differences(self, pairs: Iterable[Pair]) -> Told:
        import torch

        told: list[list[NDArray[np.float64]]] = [[np.zeros((0, 4))], [np.zeros((0, 4, 4))]]
        with torch.inference_mode():
            left = iter(pairs)
            while some := list(islice(left, BATCH)):
                given = [
                    torch.from_numpy(np.stack([getattr(pair, name) for pair in some])) for name in ("cells", "head", "moved")
                ]
                answers = self._network(*(tensor.to(self._device) for tensor in given))
                for column, answer in zip(told, answers, strict=True):
                    column.append(answer.double().cpu().numpy())
        return np.concatenate(told[0]), np.concatenate(told[1])


def _load(path: Path) -> Any:
    from torch import channels_last

    from facefix.repair.shake.network import ShakeNetwork

    return own.load(ShakeNetwork(), path, "the shake of heads").to(memory_format=channels_last)
