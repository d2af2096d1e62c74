"""Real-ESRGAN x4plus as a face restorer: shrink the crop until its damage is smaller than a pixel, then redraw by 4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.models import networks
from facefix.repair.detail import moderate
from facefix.repair.restorers.contract import RestorerSpec
from facefix.repair.scaling import resized

if TYPE_CHECKING:
    import torch

_NETWORK = "x4plus"
_INPUT_PX = (64, 96, 128)
"""Sides the network is fed. A few fixed ones: a side that followed the face would change its look from track to track."""
_SHRINK = 2.0
"""Damaged detail is about two source pixels wide, so half of the native size holds what can be trusted."""


class RealEsrgan:
    """Redraws a face crop from a smaller copy of itself."""

    def __init__(self, network: torch.nn.Module) -> None:
        first = next(network.parameters())
        self._network = network
        self._device = first.device
        self._dtype = first.dtype

    def restore(self, crops: NDArray[float32], source_px: float | Sequence[float]) -> NDArray[float32]:
        """See `contract.Restorer`. Time grows with the square of `input_px(source_px)`."""
        side = crops.shape[1]
        out = np.empty_like(crops)
        for index, (crop, spanned_px) in enumerate(zip(crops, np.broadcast_to(source_px, len(crops)), strict=True)):
            # One at a time: a batch's memory (about 0.5 GB a crop at 128 px) would grow with its length.
            small = resized(crop, min(input_px(float(spanned_px)), side))
            redrawn = np.clip(resized(self.enlarge(small), side), 0, 1)
            # Its colours and shapes are its own invention: only fine detail is taken.
            out[index] = np.clip(crop + moderate(crop, redrawn, 1.0), 0, 1)
        return out

    def enlarge(self, small: NDArray[float32]) -> NDArray[float32]:
        """(S, S, 3) RGB 0..1 -> (4 S, 4 S, 3), as the network draws it."""
        import torch

        with torch.inference_mode():
            planes = torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1)))[None]
            planes = planes.to(self._device, self._dtype, memory_format=torch.channels_last)
            large = self._network(planes)[0].float().clamp_(0, 1).cpu().numpy()
        return np.ascontiguousarray(large.transpose(1, 2, 0))


def input_px(source_px: float) -> int:
    """Side the network is fed for a crop that spans `source_px` source pixels: half of it, to the nearest step."""
    wanted = source_px / _SHRINK
    return min(_INPUT_PX, key=lambda px: abs(px - wanted))


SPEC = RestorerSpec(
    name="realesrgan",
    describe="Real-ESRGAN x4plus on a shrunken face: crisper skin and edges, no knowledge of faces.",
    licence="BSD-3-Clause",
    load=lambda device: RealEsrgan(networks.load_upscaling(_NETWORK, device)),
    invents=True,
    files=networks.UPSCALING[_NETWORK].files,
)
