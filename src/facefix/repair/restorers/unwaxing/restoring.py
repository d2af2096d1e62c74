"""Waxy or soft crops in, the same with what that took put back: the unwaxing restorer for those who speak numpy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.models import batches, devices, own, zoo
from facefix.repair.restorers.contract import RestorerSpec
from facefix.repair.scaling import resized

if TYPE_CHECKING:
    import torch

WEIGHTS = "unwaxing.safetensors"
BATCH = 8


class UnwaxingRestorer:
    """The network in memory. Not thread-safe; build it once and keep it."""

    def __init__(self, device: str = "auto", path: Path | None = None) -> None:
        """path: weights, by default those that facefix brings along.

        Raises ModelError where they are missing or damaged, SettingsError where there is no such device.
        """
        from facefix.repair.restorers.unwaxing.network import SIDE_PX, UnwaxingNetwork, shown

        self._side, self._shown = SIDE_PX, shown
        target = devices.resolve(device)
        self._network = own.load(UnwaxingNetwork(), path or zoo.checked(WEIGHTS), "the unwaxing restorer").to(target)
        self._batches = batches.Batches(self._forward, target, BATCH)

    def restore(self, crops: NDArray[float32], source_px: float | Sequence[float]) -> NDArray[float32]:
        """See `contract.Restorer`. The network looks at a copy of `SIDE_PX`; what it adds is enlarged to the crops' own."""
        out = np.empty_like(crops)
        sizes = np.broadcast_to(np.asarray(source_px, float32), len(crops))
        changes = self._batches.run(map(self._seen, crops, sizes))
        for index, (crop, added) in enumerate(zip(crops, changes, strict=True)):
            out[index] = np.clip(crop + resized(added, crop.shape[0]), 0, 1)
        return out

    def _seen(self, crop: NDArray[float32], size_px: float) -> NDArray[float32]:
        """(P, P, 4)."""
        plane = np.full((self._side, self._side), self._shown(size_px), float32)
        return np.asarray(cv2.merge((*cv2.split(resized(crop, self._side)), plane)), float32)

    def _forward(self, pictures: torch.Tensor) -> torch.Tensor:
        with devices.half(pictures.device):
            return self._network(pictures)


SPEC = RestorerSpec(
    name="unwaxing",
    describe="Our own small network: takes gloss off, puts back lines and edges that are soft, changes nobody's features.",
    licence="Apache-2.0",
    load=UnwaxingRestorer,
    files=(WEIGHTS,),
)
