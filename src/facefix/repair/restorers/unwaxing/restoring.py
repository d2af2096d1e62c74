"""Waxy crops in, the same with what wax took put back: the unwaxing restorer for those who speak numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.models import devices, own, tensors, zoo
from facefix.repair.restorers.contract import RestorerSpec
from facefix.repair.scaling import resized

WEIGHTS = "unwaxing.safetensors"
BATCH = 8


class UnwaxingRestorer:
    """The network in memory. Not thread-safe; build it once and keep it."""

    def __init__(self, device: str = "auto", path: Path | None = None) -> None:
        """path: weights, by default those that facefix brings along.

        Raises ModelError where they are missing or damaged, SettingsError where there is no such device.
        """
        from facefix.repair.restorers.unwaxing.network import SIDE_PX, UnwaxingNetwork

        self._side = SIDE_PX
        self._device = devices.resolve(device)
        self._dtype = devices.best_dtype(self._device)
        self._network = own.load(UnwaxingNetwork(), path or zoo.checked(WEIGHTS), "the unwaxing restorer").to(self._device)

    def restore(self, crops: NDArray[float32], source_px: float) -> NDArray[float32]:
        """See `contract.Restorer`. The network looks at a copy of `SIDE_PX`; what it adds is enlarged to the crops' own."""
        import torch

        out = np.empty_like(crops)
        for start in range(0, len(crops), BATCH):
            some = crops[start : start + BATCH]
            small = np.stack([resized(crop, self._side) for crop in some])
            low = self._dtype != torch.float32
            with torch.inference_mode(), torch.autocast(self._device.type, self._dtype, enabled=low):
                change = self._network(tensors.planes(small, self._device))
            added = change.permute(0, 2, 3, 1).cpu().numpy()
            for k, crop in enumerate(some):
                out[start + k] = np.clip(crop + resized(added[k], crop.shape[0]), 0, 1)
        return out


SPEC = RestorerSpec(
    name="unwaxing",
    describe="Our own small network: takes gloss off, puts lines and edges back, changes nobody's features.",
    licence="Apache-2.0",
    load=UnwaxingRestorer,
    files=(WEIGHTS,),
)
