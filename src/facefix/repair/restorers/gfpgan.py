"""GFPGAN v1.4: a network that knows faces in general redraws what a crop lacks; light, colour and shape stay the crop's own.

Wang, Li, Zhang, Shan, "Towards Real-World Blind Face Restoration with Generative Facial Prior" (CVPR 2021). Its authors give it
512 px crops on the template of `faces.align`, RGB in -1..1.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.models import basicsr_adapter, batches, checkpoints, devices, zoo
from facefix.repair.detail import moderate
from facefix.repair.restorers.contract import RestorerSpec
from facefix.repair.scaling import resized

if TYPE_CHECKING:
    import torch

WEIGHTS = "GFPGANv1.4.pth"
SIDE_PX = 512
_BATCH, _BATCH_ON_GPU = 4, 8
_SPLIT_SIDE_SHARE = 0.04
"""Sigma of the split, of the side: twice `detail.SPLIT_SIDE_SHARE`, for what it draws between the two is a face's.

Chosen by what it can give and cost, not by GFPGAN's own pictures: of the squared error of wax (severity 0.7, 19 people)
the truth itself, moderated so, would undo 0.25, 0.43, 0.65, 0.87 at splits of 0.01, 0.02, 0.04, 0.1, while another
person's detail laid over the face moves its identity by 0.41, 0.59, 0.66, 0.69: who somebody is lies in the finer half.
"""


class Gfpgan:
    """The network in memory. Not thread-safe; build it once and keep it."""

    def __init__(self, device: str = "auto") -> None:
        """Raises ModelError where the weights are missing or damaged, SettingsError where there is no such device."""
        target = devices.resolve(device)
        path = zoo.checked(WEIGHTS)
        self._network = checkpoints.load(basicsr_adapter.gfpgan(), path, "GFPGAN").to(target)
        self.batch = _BATCH if target.type == "cpu" else _BATCH_ON_GPU
        """Crops at a time, where memory holds them."""
        self._batches = batches.Batches(self.forward, target, self.batch)
        # A card draws a face in less time than a core takes to lay it over the crop.
        self._hands = None if target.type == "cpu" else ThreadPoolExecutor(min(self.batch, os.cpu_count() or 1))

    def restore(self, crops: NDArray[float32], source_px: float | Sequence[float]) -> NDArray[float32]:
        """See `contract.Restorer`. About 3 s a crop on two cores, whatever its side."""
        out = np.empty_like(crops)

        def lay(index: int, face: NDArray[float32]) -> None:
            crop = crops[index]
            redrawn = np.clip(resized(face, crop.shape[0]), 0, 1)
            out[index] = np.clip(crop + moderate(crop, redrawn, 1.0, split=_SPLIT_SIDE_SHARE), 0, 1)

        faces = enumerate(self.drawn(crops))
        if self._hands is None:
            for one in faces:
                lay(*one)
        else:
            for done in [self._hands.submit(lay, *one) for one in faces]:
                done.result()
        return out

    def drawn(self, crops: NDArray[float32]) -> Iterator[NDArray[float32]]:
        """(N, S, S, 3) RGB 0..1 -> N faces (SIDE_PX, SIDE_PX, 3) as the network draws them, the same for the same crop."""
        return self._batches.run(np.clip(resized(crop, SIDE_PX), 0, 1) for crop in crops)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """(N, 3, SIDE_PX, SIDE_PX) RGB 0..1 -> the same."""
        # Never float16: activations of the decoder overflow it.
        with devices.half(pictures.device):
            # Fresh noise in every call would be flicker; the file holds the noise that its training began with.
            faces, _ = self._network(2 * pictures - 1, return_rgb=False, randomize_noise=False)
        return (faces.float().clamp(-1, 1) + 1) / 2


SPEC = RestorerSpec(
    name="gfpgan",
    describe="GFPGAN v1.4: draws what a face lacks as it knows it from other faces; its fine and middle detail is taken.",
    licence="Apache-2.0",
    load=Gfpgan,
    invents=True,
    files=(WEIGHTS,),
)
