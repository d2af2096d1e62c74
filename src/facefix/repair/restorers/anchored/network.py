"""The network: a damaged crop, placed anchors and a guide in; what moves, what is copied and what is added out.

A small U-Net on a quarter of the resolution. It never draws a face from nothing: its picture is a mixture of the damaged crop
and the anchors, each moved a little, plus a residual; so detail is copied, and a clean face can pass untouched.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from facefix.models.blocks import PlainBlock

SIDE_PX = 192
ANCHORS = 3
"""Places for anchors; empty ones have no coverage."""
_STEM, _WIDTHS, _BLOCKS = 32, (96, 160, 224), (2, 2, 2)
_FLOW_PX = 4.0
"""What a flow output of 1 stands for, in pixels of `SIDE_PX`."""
_LAYERS = 1 + ANCHORS
_PLAN = 1 + 2 * _LAYERS + _LAYERS + 1
"""Outputs per place: gate of the guide, flows, weights, mask."""


class Plan(NamedTuple):
    """What to do with the pixels; N crops, in any resolution. Apply it with `carry_out`."""

    flows: Tensor
    """(N, 1 + ANCHORS, 2, s, s) where each layer (damaged, anchors) is read, shift x, y as a share of the crop's side."""
    weights: Tensor
    """(N, 1 + ANCHORS, s, s) of the layers, sum 1."""
    residual: Tensor
    """(N, 3, S, S) added to the mixture."""
    mask: Tensor
    """(N, 1, s, s) 0..1: how much of the repair to take."""


class AnchoredNetwork(nn.Module):
    """(N, 3, S, S), (N, ANCHORS, 3, S, S), (N, ANCHORS, S, S), (N, 2, g, g) -> Plan; S a multiple of 32.

    damaged and anchors: RGB 0..1. coverage: 0..1. guide: shift as a share of the crop's side, see `placing.guide`.
    """

    def __init__(self) -> None:
        super().__init__()
        top, middle, bottom = _WIDTHS
        self.stem = nn.Conv2d(3 + 4 * ANCHORS + 2, _STEM, 3, 2, 1)
        self.enter = nn.Conv2d(_STEM, top, 3, 2, 1)
        self.fine = nn.Sequential(*(PlainBlock(top) for _ in range(_BLOCKS[0])))
        self.down_middle = nn.Conv2d(top, middle, 3, 2, 1)
        self.middle = nn.Sequential(*(PlainBlock(middle) for _ in range(_BLOCKS[1])))
        self.down_bottom = nn.Conv2d(middle, bottom, 3, 2, 1)
        self.bottom = nn.Sequential(*(PlainBlock(bottom) for _ in range(_BLOCKS[2])))
        self.up_middle = nn.Conv2d(bottom, middle, 1)
        self.middle_again = nn.Sequential(*(PlainBlock(middle) for _ in range(_BLOCKS[1])))
        self.up_fine = nn.Conv2d(middle, top, 1)
        self.fine_again = nn.Sequential(*(PlainBlock(top) for _ in range(_BLOCKS[0])))
        self.up_stem = nn.Conv2d(top, _STEM, 1)
        self.last = PlainBlock(_STEM)
        self.head = nn.Conv2d(_STEM, _PLAN + 12, 3, 1, 1)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)  # pyright: ignore[reportArgumentType]
        with torch.no_grad():
            self.head.bias[0] = -1.0  # pyright: ignore[reportOptionalSubscript]

    def forward(self, damaged: Tensor, anchors: Tensor, coverage: Tensor, guide: Tensor) -> Plan:
        side = damaged.shape[-1]
        large = functional.interpolate(guide, size=(side, side), mode="bilinear", align_corners=False)
        seen = torch.cat(
            [
                2 * damaged - 1,
                ((anchors - damaged[:, None]) * (4 * coverage[:, :, None])).flatten(1, 2),
                coverage,
                large * (SIDE_PX / _FLOW_PX),
            ],
            1,
        )
        answer = self._look(seen.contiguous(memory_format=torch.channels_last))
        # Coordinates and colours keep full precision: bfloat16 is too coarse for them.
        with torch.autocast(damaged.device.type, enabled=False):
            return _plan(answer.float(), coverage, guide)

    def _look(self, seen: Tensor) -> Tensor:
        """(N, _PLAN + 12, S / 2, S / 2)."""
        half = functional.silu(self.stem(seen))
        fine = self.fine(functional.silu(self.enter(half)))
        middle = self.middle(functional.silu(self.down_middle(fine)))
        x = self.bottom(functional.silu(self.down_bottom(middle)))
        x = self.middle_again(middle + functional.interpolate(self.up_middle(x), scale_factor=2.0))
        x = self.fine_again(fine + functional.interpolate(self.up_fine(x), scale_factor=2.0))
        x = half + functional.interpolate(self.up_stem(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        return self.head(functional.silu(self.last(x)))


def _plan(answer: Tensor, coverage: Tensor, guide: Tensor) -> Plan:
    size = answer.shape[-2:]
    gate, flows, logits, mask, residual = answer.split([1, 2 * _LAYERS, _LAYERS, 1, 12], 1)
    near = functional.interpolate(guide, size=size, mode="bilinear", align_corners=False)
    # The layers all show the face in the measured shape: they are corrected alike, then each for itself.
    common = torch.sigmoid(gate) * near + flows[:, :2] * (_FLOW_PX / SIDE_PX)
    own = flows[:, 2:].unflatten(1, (ANCHORS, 2)) * (_FLOW_PX / SIDE_PX)
    moves = torch.cat([common[:, None], common[:, None] + own], 1)
    covered = functional.interpolate(coverage, size=size, mode="area")
    worth = torch.cat([torch.full_like(covered[:, :1], 1.0), covered.clamp(min=1e-4)], 1).log()
    weights = torch.softmax(logits + worth, 1)
    return Plan(moves, weights, functional.pixel_shuffle(residual, 2) * 0.25, torch.sigmoid(2 + mask))


def carry_out(plan: Plan, damaged: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
    """The repaired crops (N, 3, S, S), unclipped, and the mask (N, 1, S, S), at the resolution of the crops given.

    damaged: (N, 3, S, S); anchors: (N, ANCHORS, 3, S, S).
    """
    whole, mask = mixed(plan, damaged, anchors)
    return damaged + mask * (whole - damaged), mask


def mixed(plan: Plan, damaged: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
    """As `carry_out`, but the mixture before the mask: where the mask is 1, the repaired crop."""
    side = damaged.shape[-1]
    layers = torch.cat([damaged[:, None], anchors], 1).flatten(0, 1)
    flows = _resized(plan.flows.flatten(0, 1), side)
    at = (torch.arange(side, device=damaged.device, dtype=torch.float32) + 0.5) * (2 / side) - 1
    y, x = torch.meshgrid(at, at, indexing="ij")
    places = torch.stack([x, y], -1)[None] + 2 * flows.permute(0, 2, 3, 1)
    moved = functional.grid_sample(layers, places, padding_mode="border", align_corners=False)
    moved = moved.unflatten(0, (len(damaged), _LAYERS))
    mixture = (moved * _resized(plan.weights, side)[:, :, None]).sum(1) + _resized(plan.residual, side)
    return mixture, _resized(plan.mask, side)


def _resized(maps: Tensor, side: int) -> Tensor:
    if maps.shape[-1] == side:
        return maps
    return functional.interpolate(maps, size=(side, side), mode="bilinear", align_corners=False)
