"""The network: how much detail of every size there is over a face in, how waxy its skin is out.

It looks at one frame alone, because a face may be waxy from the first frame to the last. Wax is the lack of some sizes of
detail in some places; whether the picture could show them at all is seen from hair, brows and clothes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from facefix.diagnose.skin.bands import CHANNELS
from facefix.models.blocks import Block, convolved, stage

_ENTRANCE, _WIDTHS, _BLOCKS = 32, (64, 96, 128), (1, 2, 1)


class SkinNetwork(nn.Module):
    """(N, CHANNELS, MAP_PX, MAP_PX) as `bands` makes them -> (N,) logits; sigmoid of them is the expected severity of wax."""

    def __init__(self) -> None:
        super().__init__()
        self.entrance = convolved(CHANNELS, _ENTRANCE)
        inner = (_ENTRANCE, *_WIDTHS)
        stages = (stage(i, width, blocks) for i, width, blocks in zip(inner, _WIDTHS, _BLOCKS, strict=False))
        self.body = nn.Sequential(Block(_ENTRANCE), *stages)
        self.vote = nn.Sequential(nn.Linear(2 * _WIDTHS[-1], 64), nn.ReLU(inplace=True), nn.Dropout(0.2), nn.Linear(64, 1))

    def forward(self, maps: Tensor) -> Tensor:
        told = self.body(self.entrance(maps)).float().flatten(2)
        with torch.autocast(maps.device.type, enabled=False):
            return self.vote(torch.cat([told.mean(2), told.amax(2)], 1))[:, 0]
