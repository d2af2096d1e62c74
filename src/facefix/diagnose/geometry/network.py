"""The network: how a mesh moves over a track in; how much of that is warp, drift or flicker out, frame by frame.

Convolutions over time of ever wider reach: about one second to either side. What is normal for this face enters as its median
and its first frames, which are taken off beforehand.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

READ = ("warp", "drift", "flicker")
"""What the outputs stand for, in order."""
COMPONENTS = 64
"""Numbers that a canonical mesh is reduced to."""
AREAS = 6
"""Parts of the face whose confidence is told."""
CHANNELS = 2 * COMPONENTS + 3 + AREAS + 1
"""Per frame: components off the track's median, off its first frames, pose, confidence, and 1 where there is a frame."""
_WIDTH, _REACH = 96, (1, 2, 4, 8, 1)
"""Dilations, in frames."""


class Step(nn.Module):
    """Looks `reach` frames to both sides; what it finds is added."""

    def __init__(self, reach: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(_WIDTH)
        self.look = nn.Conv1d(_WIDTH, 2 * _WIDTH, 3, padding=reach, dilation=reach)
        self.mix = nn.Conv1d(2 * _WIDTH, _WIDTH, 1)
        self.drop = nn.Dropout(0.2)

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        y = self.norm(x.transpose(1, 2)).transpose(1, 2) * there
        return x + self.drop(self.mix(functional.gelu(self.look(y))))


class GeometryNetwork(nn.Module):
    """(N, CHANNELS, T) -> logits (N, len(READ), T); sigmoid of them is the expected severity."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv1d(CHANNELS, _WIDTH, 1)
        self.drop = nn.Dropout(0.2)
        self.steps = nn.ModuleList(Step(reach) for reach in _REACH)
        self.leave = nn.Conv1d(_WIDTH, len(READ), 1)

    def forward(self, tracks: Tensor) -> Tensor:
        there = tracks[:, -1:]
        x = self.drop(self.enter(tracks))
        for step in self.steps:
            x = step(x, there)
        return self.leave(x)


def channels(components: Tensor, poses: Tensor, confidence: Tensor, early: Tensor, usual: Tensor) -> Tensor:
    """(CHANNELS, T) of (T, COMPONENTS), degrees (T, 3), (T, AREAS) 0..1, and what is taken off: (COMPONENTS,) each."""
    off = [components - usual, components - early]
    return torch.cat([*off, poses / 30, 4 * (confidence - 0.9), torch.ones_like(poses[:, :1])], 1).T
