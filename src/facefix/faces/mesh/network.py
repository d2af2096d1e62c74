"""The network: an aligned crop in, 478 points and how sure it is of each out.

A small residual backbone gives a first mesh from its coarsest features; then every point looks up the finer features at its
own place, and what all of them see moves the mesh once more. Both meshes are mixtures of a few hundred learned shapes, so no
point strays alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from facefix.models.blocks import convolved, stage

POINTS = 478
SIDE_PX = 128
STEM, WIDTHS, BLOCKS = 32, (48, 80, 96), (2, 2, 2)
SHAPES = 192
"""Shapes that the mesh is mixed from."""
NECK = 24
PYRAMID = 48
LOOK = 4
"""Numbers that each point reports of its own place."""


class MeshNetwork(nn.Module):
    """(N, 3, 128, 128) RGB 0..1 -> points (N, 478, 3), first points (N, 478, 3), doubt (N, 478), seen (N, 478).

    Points: x, y from -1 at the crop's left or top edge to 1 at the right or bottom edge, z in the same unit, larger away
    from the viewer. doubt: log of the expected distance |dx| + |dy| from the truth, in outer eye corner distances. seen:
    logit of the chance that nothing covers the point.
    """

    def __init__(self) -> None:
        super().__init__()
        s4, s8, s16 = WIDTHS
        self.stem = convolved(3, STEM, 2)
        self.stages = nn.ModuleList(
            stage(inner, width, blocks) for inner, width, blocks in zip((STEM, s4, s8), WIDTHS, BLOCKS, strict=True)
        )
        self.laterals = nn.ModuleList(nn.Conv2d(width, PYRAMID, 1) for width in WIDTHS)
        self.fuse = nn.Sequential(nn.Conv2d(PYRAMID, PYRAMID, 3, 1, 1), nn.ReLU(inplace=True))
        self.neck = nn.Sequential(nn.Conv2d(s16, NECK, 1, bias=False), nn.BatchNorm2d(NECK), nn.ReLU(inplace=True))
        self.first = nn.Linear(NECK * (SIDE_PX // 16) ** 2, SHAPES)
        self.shapes = nn.Linear(SHAPES, POINTS * 3)
        self.names = nn.Parameter(torch.randn(POINTS, PYRAMID) * 0.1)
        """What tells one point from another where they look."""
        self.look = nn.Linear(PYRAMID * 2, 64)
        self.report = nn.Linear(64, LOOK)
        self.second = nn.Linear(POINTS * LOOK, SHAPES)
        self.sure = nn.Linear(64, 2)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x = self.stem((crops - 0.5) * 4)
        levels = []
        for down in self.stages:
            x = down(x)
            levels.append(x)
        fine = self.laterals[2](levels[2])
        for i in (1, 0):
            fine = functional.interpolate(fine, scale_factor=2.0) + self.laterals[i](levels[i])
        fine = self.fuse(fine).float()
        # The heads keep full precision: bfloat16 is too coarse for coordinates.
        with torch.autocast(crops.device.type, enabled=False):
            return self._heads(self.neck(levels[2].float()).flatten(1), fine)

    def _heads(self, coarse: Tensor, fine: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        mixture = self.first(coarse)
        first = self.shapes(mixture).unflatten(1, (POINTS, 3))
        place = first[:, :, None, :2].detach()
        seen = functional.grid_sample(fine, place, padding_mode="border", align_corners=False)[..., 0].transpose(1, 2)
        names = self.names.expand(len(seen), -1, -1)
        hidden = functional.relu(self.look(torch.cat([seen, names], 2)))
        mixture = mixture + self.second(self.report(hidden).flatten(1))
        points = self.shapes(mixture).unflatten(1, (POINTS, 3))
        doubt, uncovered = self.sure(hidden).unbind(2)
        return points, first, doubt, uncovered


def fold(network: MeshNetwork) -> MeshNetwork:
    """The same network, each batch normalisation worked into the convolution before it: for use, not for training."""
    for module in list(network.modules()):
        if not isinstance(module, nn.Sequential):
            continue
        for i in range(len(module) - 1):
            convolution, norm = module[i], module[i + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module[i] = fuse_conv_bn_eval(convolution, norm)
                module[i + 1] = nn.Identity()
    return network
