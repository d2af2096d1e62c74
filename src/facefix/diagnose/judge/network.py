"""The network: a face and other frames of it, placed in its pose, in; how bad each failure is out.

Comparing needs little: differences to each placed frame, ever wider surroundings, and then a vote over the whole face. The map
of what a fault changed is learned beside it, because it says where to look; nobody reads it later.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE_PX = 192
ANCHORS = 3
"""Places for other frames; empty ones have no coverage."""
JUDGED = ("warp", "drift", "flicker", "waxy")
"""What the outputs stand for, in order."""
_STEM, _WIDTHS, _BLOCKS = 32, (64, 96, 128), (2, 2, 2)
_GUIDE_PX = 4.0
"""What a guide input of 1 stands for, in pixels of `SIDE_PX`."""


class Block(nn.Module):
    """Two 3x3 convolutions and a way around them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.body(x))


def _stage(inner: int, width: int, blocks: int) -> nn.Sequential:
    down = [nn.Conv2d(inner, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    return nn.Sequential(*down, *(Block(width) for _ in range(blocks)))


class JudgeNetwork(nn.Module):
    """(N, 3, S, S), (N, ANCHORS, 3, S, S), (N, ANCHORS, S, S), (N, 2, g, g) -> logits (N, len(JUDGED)), map (N, S / 4, S / 4).

    face and anchors: RGB 0..1, S = SIDE_PX. coverage: 0..1. guide: shift as a share of the crop's side, see
    `faces.mesh.placing.guide`. sigmoid(logit) is the expected severity; map: logit of how much a fault changed there.
    """

    def __init__(self) -> None:
        super().__init__()
        fine, middle, bottom = _WIDTHS
        self.stem = nn.Sequential(
            nn.Conv2d(3 + 4 * ANCHORS + 2, _STEM, 5, 2, 2, bias=False), nn.BatchNorm2d(_STEM), nn.ReLU(inplace=True)
        )
        self.fine = _stage(_STEM, fine, _BLOCKS[0])
        self.middle = _stage(fine, middle, _BLOCKS[1])
        self.bottom = _stage(middle, bottom, _BLOCKS[2])
        self.where = nn.Conv2d(fine + middle + bottom, 1, 1)
        self.vote = nn.Sequential(nn.Linear(2 * (fine + middle + bottom), 96), nn.ReLU(inplace=True), nn.Dropout(0.2))
        self.severity = nn.Linear(96, len(JUDGED))

    def forward(self, face: Tensor, anchors: Tensor, coverage: Tensor, guide: Tensor) -> tuple[Tensor, Tensor]:
        large = functional.interpolate(guide, size=face.shape[-2:], mode="bilinear", align_corners=False)
        difference = (anchors - face[:, None]) * (4 * coverage[:, :, None])
        seen = [2 * face - 1, difference.flatten(1, 2), coverage, large * (SIDE_PX / _GUIDE_PX)]
        x = torch.cat(seen, 1).contiguous(memory_format=torch.channels_last)
        fine = self.fine(self.stem(x))
        middle = self.middle(fine)
        bottom = self.bottom(middle)
        size = fine.shape[-2:]
        levels = [fine, *(functional.interpolate(level, size=size, mode="nearest") for level in (middle, bottom))]
        where = self.where(torch.cat(levels, 1))[:, 0]
        # What is wrong may be everywhere or in one place: the mean and the largest of each feature vote.
        told = [pool(level.float()) for level in (fine, middle, bottom) for pool in (_mean, _largest)]
        with torch.autocast(face.device.type, enabled=False):
            return self.severity(self.vote(torch.cat(told, 1))), where.float()


def _mean(level: Tensor) -> Tensor:
    return level.mean((2, 3))


def _largest(level: Tensor) -> Tensor:
    return functional.avg_pool2d(level, 2).amax((2, 3))
