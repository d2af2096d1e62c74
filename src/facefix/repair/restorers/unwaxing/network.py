"""The network: a face in, what its wax has changed out, to be added.

A U-Net without normalisation. Wax flattens skin after rules: edges of features soften, folds fade, highlights bloom. That much
of it can be undone from the picture alone; pores cannot, they come from elsewhere.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from facefix.models.blocks import PlainBlock

SIDE_PX = 256
"""Of the crops it was trained on."""
_WIDTHS = (32, 64, 96, 128)
_BLOCKS = 2
_SHUFFLE = 2
_GAIN = 0.1
"""What an output of 1 stands for, of the range of a colour."""


class UnwaxingNetwork(nn.Module):
    """(N, 3, S, S) RGB 0..1, S a multiple of 16 -> (N, 3, S, S) to be added."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(3 * _SHUFFLE**2, _WIDTHS[0], 3, 1, 1)
        self.first = PlainBlock(_WIDTHS[0])
        pairs = list(pairwise(_WIDTHS))
        self.down = nn.ModuleList(nn.Conv2d(fine, coarse, 3, 2, 1) for fine, coarse in pairs)
        self.looked = nn.ModuleList(nn.Sequential(*(PlainBlock(w) for _ in range(_BLOCKS))) for w in _WIDTHS[1:])
        self.up = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in reversed(pairs))
        self.again = nn.ModuleList(PlainBlock(fine) for fine, _ in reversed(pairs))
        self.leave = nn.Conv2d(_WIDTHS[0], 3 * _SHUFFLE**2, 3, 1, 1)
        nn.init.normal_(self.leave.weight, std=0.01)
        nn.init.zeros_(self.leave.bias)  # pyright: ignore[reportArgumentType]

    def forward(self, faces: Tensor) -> Tensor:
        seen = functional.pixel_unshuffle(2 * faces - 1, _SHUFFLE).contiguous(memory_format=torch.channels_last)
        x = self.first(functional.silu(self.enter(seen)))
        kept = [x]
        for down, look in zip(self.down, self.looked, strict=True):
            x = look(functional.silu(down(x)))
            kept.append(x)
        for up, again, fine in zip(self.up, self.again, reversed(kept[:-1]), strict=True):
            x = again(fine + functional.interpolate(up(x), scale_factor=2.0, mode="bilinear", align_corners=False))
        return functional.pixel_shuffle(self.leave(functional.silu(x)), _SHUFFLE).float() * _GAIN
