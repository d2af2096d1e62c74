"""facexlib's ParseNet: which part of a face, or what else, each pixel of an aligned crop shows.

The network is facexlib's, and so is what it is fed: 512 px, RGB in -1..1. Its 19 answers are the labels of CelebAMask-HQ (Lee,
Liu, Wu, Luo, "MaskGAN", CVPR 2020) in the order of its annotations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.models import basicsr_adapter, batches, checkpoints, devices, zoo
from facefix.repair.masks.contract import SHOWN_PX, MaskSpec
from facefix.repair.scaling import resized

if TYPE_CHECKING:
    import torch

WEIGHTS = "parsing_parsenet.pth"
SIDE_PX = 512
LABELS = (
    "background", "skin", "nose", "glasses", "left eye", "right eye", "left brow", "right brow", "left ear", "right ear",
    "mouth", "upper lip", "lower lip", "hair", "hat", "earring", "necklace", "neck", "cloth",
)  # fmt: skip
_NOT_SHOWN = ("background", "hair", "hat", "earring", "necklace", "cloth")
"""Hands and microphones are background to it. Eyes are looked at through glasses, and a jaw is moved over its neck."""
SHOWN = tuple(index for index, label in enumerate(LABELS) if label not in _NOT_SHOWN)
_BATCH = 8


class ParseNet:
    """The network in memory, in single precision: half of it would make edges tremble."""

    def __init__(self, device: str = "auto") -> None:
        """Raises ModelError where the weights are missing or damaged, SettingsError where there is no such device."""
        import torch

        target = devices.resolve(device)
        path = zoo.checked(WEIGHTS)
        self._network = checkpoints.load(basicsr_adapter.parsenet(SIDE_PX), path, "ParseNet").to(target)
        # On the device: a list would be brought there in every pass, which no recording of a pass can hold.
        self._shown = torch.tensor(SHOWN).to(target)
        self._batches = batches.Batches(self._forward, target, _BATCH)

    def shown(self, crops: Sequence[NDArray[float32]]) -> NDArray[float32]:
        """See `contract.Parser`."""
        fed = (2 * np.clip(resized(crop, SIDE_PX), 0, 1) - 1 for crop in crops)
        maps = [one[..., 0] for one in self._batches.run(fed)]
        return np.stack(maps) if maps else np.empty((0, SHOWN_PX, SHOWN_PX), float32)

    def _forward(self, pictures: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        sure = self._network(pictures)[0].softmax(1).index_select(1, self._shown).sum(1, keepdim=True)
        return functional.avg_pool2d(sure, SIDE_PX // SHOWN_PX)


SPEC = MaskSpec(
    name="parsenet",
    describe="That oval without what is in front of the face - hands, hair, microphones - as facexlib's ParseNet sees it.",
    licence="MIT",
    load=ParseNet,
    files=(WEIGHTS,),
)
