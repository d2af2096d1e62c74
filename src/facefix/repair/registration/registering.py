"""Views of a face in, meshes put right by the picture out: registration for those who speak numpy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facefix.models import devices, own, zoo
from facefix.repair.registration.evidence import SIDE_PX, Evidence
from facefix.repair.registration.keys import KEYS

Floats = NDArray[np.float32]

WEIGHTS = "registration.safetensors"
BATCH = 8


class Registrar:
    """The network in memory, without a state of its own; build it once and keep it."""

    def __init__(self, device: str = "auto", path: Path | None = None) -> None:
        """path: weights, by default those that facefix brings along.

        Raises ModelError where they are missing or damaged, SettingsError where there is no such device.
        """
        self._device = devices.resolve(device)
        self._network = _load(path or zoo.checked(WEIGHTS)).to(self._device)

    def shifts(self, told: Sequence[Evidence], wanted: Floats) -> Floats:
        """(N, 478, 2) how far points lie from where their meshes have them, pixels of the views.

        told: of N frames, each compared with at least one other. wanted: (N, 478, 3) the meshes it was told of.
        """
        out = np.zeros((*wanted.shape[:2], 2), np.float32)
        for start in range(0, len(told), BATCH):
            some = slice(start, start + BATCH)
            out[some] = self._shifts(told[some], wanted[some])
        return out

    def _shifts(self, told: Sequence[Evidence], wanted: Floats) -> Floats:
        import torch

        from facefix.repair.registration.network import at

        keys = np.zeros((len(told), KEYS, *told[0].keys.shape[1:]), np.float32)
        present = np.zeros((len(told), KEYS), np.float32)
        for n, one in enumerate(told):
            keys[n, : len(one.keys)], present[n, : len(one.keys)] = one.keys, 1
        frame, points = np.stack([one.frame for one in told]), wanted[..., :2] / SIDE_PX
        with torch.inference_mode():
            given = [
                torch.from_numpy(np.ascontiguousarray(a, np.float32)).to(self._device) for a in (keys, present, frame, points)
            ]
            with devices.half(self._device):
                field = self._network(*given[:3])
            found = at(field, given[3]).cpu().numpy()
        return found * np.array([one.unit for one in told], np.float32)[:, None, None]


def _load(path: Path) -> Any:
    from torch import channels_last

    from facefix.repair.registration.network import RegistrationNetwork

    return own.load(RegistrationNetwork(), path, "registration").to(memory_format=channels_last)
