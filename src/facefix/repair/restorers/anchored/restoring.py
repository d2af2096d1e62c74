"""Crops and placed anchors in, repaired crops out: the anchored restorer for those who speak numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.models import devices, own, tensors, zoo
from facefix.types import Placed

Floats = NDArray[np.float32]

WEIGHTS = "restorer.safetensors"
ANCHORS = 3
"""Anchors that the network can look at; more are ignored, fewer are fine."""
BATCH = 8
_NETWORK_PX = 192


@dataclass(frozen=True, slots=True, eq=False)
class Restored:
    """N repaired crops."""

    pixels: Floats
    """(N, S, S, 3) RGB 0..1, the mask applied: damaged pixels where it is 0."""
    mask: Floats
    """(N, S, S) 0..1: how much of the repair was taken."""


class AnchoredRestorer:
    """The network in memory, without a state of its own; build it once and keep it."""

    def __init__(self, device: str = "auto", path: Path | None = None) -> None:
        """path: weights, by default those that facefix brings along.

        Raises ModelError where they are missing or damaged, SettingsError where there is no such device.
        """
        self._device = devices.resolve(device)
        self._network = _load(path or zoo.checked(WEIGHTS)).to(self._device)

    def restore(self, crops: Floats, anchors: Sequence[Sequence[Placed]], guides: Floats) -> Restored:
        """Repair N crops, `BATCH` at a time; the same input always gives the same result.

        crops: (N, S, S, 3) RGB 0..1, aligned to the FFHQ template. anchors: for each crop up to `ANCHORS` of the same
        size, as `repair.placing.place` gives them, in any order; none is allowed. guides: (N, g, g, 2) crop pixels, as
        `repair.placing.guide`. The network looks at a small copy; what it decides is done to the crops' own pixels.
        """
        if not len(crops) == len(anchors) == len(guides):
            raise ValueError(f"{len(crops)} crops, anchors for {len(anchors)}, {len(guides)} guides")
        pixels, mask = np.empty_like(crops, np.float32), np.empty(crops.shape[:3], np.float32)
        for start in range(0, len(crops), BATCH):
            some = slice(start, start + BATCH)
            pixels[some], mask[some] = self._restore(crops[some], anchors[some], guides[some])
        return Restored(pixels, mask)

    def _restore(self, crops: Floats, anchors: Sequence[Sequence[Placed]], guides: Floats) -> tuple[Floats, Floats]:
        import torch

        from facefix.repair.restorers.anchored.network import carry_out

        side = crops.shape[1]
        shown, coverage = tensors.stacked(anchors, ANCHORS, side)
        damaged, placed = tensors.planes(crops, self._device), tensors.planes(shown, self._device)
        with torch.inference_mode():
            with devices.half(self._device):
                plan = self._network(
                    tensors.planes(_small(crops), self._device),
                    tensors.planes(_small(shown), self._device),
                    tensors.planes(_small(coverage[..., None]), self._device)[..., 0, :, :],
                    tensors.planes(np.asarray(guides, np.float32) / side, self._device),
                )
            repaired, mask = carry_out(plan, damaged, placed)
        pixels = repaired.clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
        return pixels, mask[:, 0].cpu().numpy()


def _small(pictures: Floats) -> Floats:
    """(..., S, S, C) at the size the network was trained on."""
    side = pictures.shape[-2]
    if side == _NETWORK_PX:
        return pictures
    way = cv2.INTER_AREA if side > _NETWORK_PX else cv2.INTER_CUBIC
    flat = pictures.reshape(-1, *pictures.shape[-3:])
    small = np.stack([cv2.resize(p, (_NETWORK_PX, _NETWORK_PX), interpolation=way) for p in flat])
    return small.reshape(*pictures.shape[:-3], _NETWORK_PX, _NETWORK_PX, pictures.shape[-1])


def _load(path: Path) -> Any:
    """The network with its weights, ready to run."""
    from torch import channels_last

    from facefix.repair.restorers.anchored.network import AnchoredNetwork

    return own.load(AnchoredNetwork(), path, "the anchored restorer").to(memory_format=channels_last)


__all__ = ["ANCHORS", "AnchoredRestorer", "Restored"]
