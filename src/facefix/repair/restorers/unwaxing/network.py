"""The network: a face in, what wax and blur have changed out, to be added.

A U-Net without normalisation. Wax flattens skin after rules: edges of features soften, folds fade, highlights bloom. That much
of it can be undone from the picture alone; pores cannot, they come from elsewhere. Whether a face is soft or only small is told
by how many pixels it has in its picture, which is why the network is shown that.
"""

from __future__ import annotations

import math
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
_SIZES = 100.0, 320.0
"""Source pixels of a crop's side between which it learned to tell sizes apart."""
_SEEN = 4
"""Planes that are shown: three colours, and the size."""
_SIGMAS = 1.0, 2.0, 4.0
"""Between these, in pixels, lie the bands of the face that are strengthened or weakened place by place: what is soft is to be
multiplied, and only then does a network that adds learn it."""


def shown(size_px: float) -> float:
    """0..1, as the network is told how many pixels of its picture a crop's side spans; in every pixel the same."""
    least, most = _SIZES
    return math.log(min(max(size_px, least), most) / least) / math.log(most / least)


class UnwaxingNetwork(nn.Module):
    """(N, 4, S, S) RGB 0..1 and `shown`, S a multiple of 16 -> (N, 3, S, S) to be added."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(_SEEN * _SHUFFLE**2, _WIDTHS[0], 3, 1, 1)
        self.first = PlainBlock(_WIDTHS[0])
        pairs = list(pairwise(_WIDTHS))
        self.down = nn.ModuleList(nn.Conv2d(fine, coarse, 3, 2, 1) for fine, coarse in pairs)
        self.looked = nn.ModuleList(nn.Sequential(*(PlainBlock(w) for _ in range(_BLOCKS))) for w in _WIDTHS[1:])
        self.up = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in reversed(pairs))
        self.again = nn.ModuleList(PlainBlock(fine) for fine, _ in reversed(pairs))
        self.leave = nn.Conv2d(_WIDTHS[0], (3 + len(_SIGMAS)) * _SHUFFLE**2, 3, 1, 1)
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
        said = functional.pixel_shuffle(self.leave(functional.silu(x)), _SHUFFLE).float()
        added = said[:, :3] * _GAIN
        for k, band in enumerate(_bands(faces[:, :3].float())):
            added = added + said[:, 3 + k : 4 + k] * band
        return added


def _bands(faces: Tensor) -> list[Tensor]:
    """(N, 3, S, S) each, the finest first."""
    bands = []
    for sigma in _SIGMAS:
        softer = _blurred(faces, sigma)
        bands.append(faces - softer)
        faces = softer
    return bands


def _blurred(faces: Tensor, sigma: float) -> Tensor:
    reach = math.ceil(2.5 * sigma)
    steps = torch.arange(-reach, reach + 1, device=faces.device, dtype=faces.dtype)
    kernel = torch.exp(-0.5 * (steps / sigma).square())
    across = (kernel / kernel.sum()).view(1, 1, 1, -1).expand(faces.shape[1], 1, 1, -1)
    for weights, edge in ((across, (reach, reach, 0, 0)), (across.transpose(2, 3), (0, 0, reach, reach))):
        padded = functional.pad(faces, edge, mode="replicate")
        faces = functional.conv2d(padded, weights, groups=faces.shape[1])
    return faces
