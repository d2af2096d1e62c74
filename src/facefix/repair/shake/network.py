"""The network: how far two frames of a head lie apart, place by place, in, how differently the two are shaken out.

It does not see what the answer is: every cell votes by its flow, corrected a little, and the network says how much each vote
counts. The shake is the weighted least squares fit to the votes, and its precision follows from the weights. So hair, ears
and shoulders need not be learned by heart, and few people are enough.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from facefix.models.blocks import PlainBlock
from facefix.repair.registration.evidence import SIDE_PX
from facefix.repair.shake.evidence import PER_CELL

_WIDTHS = (32, 64, 96)
_FAR = 3.0
"""Flow, % of the eye distance, from which on farther hardly counts more as an input."""
_LEAST = 1e-3
"""Precision that an answer has where no cell votes."""
_LOG_WEIGHT = (-12.0, 6.0)
_DOUBTFUL = -3.0
"""Logarithm of the weight of every vote before training."""
_POINTS = 478


class ShakeNetwork(nn.Module):
    """(N, PER_CELL, g, g), (N, 4) `Pair.head`, (N, 4) `Pair.moved` -> (N, 4) shake of the first less that of the second,
    (N, 4, 4) its precision.

    g a multiple of 8. What stands still in the picture while the head moves is behind it, and no witness: how far each cell
    flows as that would is shown to the network.
    """

    steady: Tensor
    """(478,) how far each point of a mesh goes with the head, 0..1; no weight of the network, but kept with it."""

    def __init__(self) -> None:
        super().__init__()
        fine, middle, bottom = _WIDTHS
        self.register_buffer("steady", torch.ones(_POINTS))
        self.enter = nn.Conv2d(PER_CELL + 6, fine, 3, 1, 1)
        self.down_fine = nn.Conv2d(fine, fine, 3, 2, 1)
        self.fine = PlainBlock(fine)
        self.down_middle = nn.Conv2d(fine, middle, 3, 2, 1)
        self.middle = nn.Sequential(PlainBlock(middle), PlainBlock(middle))
        self.down_bottom = nn.Conv2d(middle, bottom, 3, 2, 1)
        self.bottom = nn.Sequential(PlainBlock(bottom), PlainBlock(bottom))
        self.up_middle = nn.Conv2d(bottom, middle, 1)
        self.middle_again = PlainBlock(middle)
        self.up_fine = nn.Conv2d(middle, fine, 1)
        self.fine_again = PlainBlock(fine)
        self.head = nn.Conv2d(fine, 3, 3, 1, 1)
        nn.init.zeros_(self.head.weight)
        with torch.no_grad():
            assert self.head.bias is not None
            self.head.bias.copy_(torch.tensor([0.0, 0.0, _DOUBTFUL]))

    def forward(self, cells: Tensor, head: Tensor, moved: Tensor) -> tuple[Tensor, Tensor]:
        flow = cells[:, :2]
        common = flow.flatten(2).median(-1).values[..., None, None]
        each = ways(head, cells.shape[-1])
        still = flow + torch.einsum("nyxik,nk->niyx", each, moved)
        near = [_FAR * torch.asinh(x / _FAR) for x in (flow, flow - common, still)]
        place = each[..., 2].movedim(-1, 1) / 2
        x = torch.cat([*near, torch.asinh(cells[:, 2:3]), cells[:, 3:], place], 1)
        x = self.fine(self.down_fine(functional.silu(self.enter(x.contiguous(memory_format=torch.channels_last)))))
        y = self.middle(functional.silu(self.down_middle(functional.silu(x))))
        z = self.bottom(functional.silu(self.down_bottom(functional.silu(y))))
        y = self.middle_again(y + _doubled(self.up_middle(z)))
        x = self.fine_again(x + _doubled(self.up_fine(y)))
        told = self.head(functional.silu(x)).float()
        # What a mesh is shaken by, all that is not moves the other way.
        votes = -(functional.avg_pool2d(flow.float(), 2) + told[:, :2])
        return fitted(votes, torch.exp(told[:, 2].clamp(*_LOG_WEIGHT)), ways(head, votes.shape[-1]))


def fitted(votes: Tensor, weights: Tensor, moved: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 4) and (N, 4, 4): the shake that explains (N, 2, g, g) votes of (N, g, g) weights best, and its precision."""
    precision = torch.einsum("nyxik,nyx,nyxil->nkl", moved, weights, moved) + _LEAST * torch.eye(4, device=votes.device)
    return torch.linalg.solve(precision, torch.einsum("nyxik,nyx,niyx->nk", moved, weights, votes)), precision


def ways(head: Tensor, cells: int) -> Tensor:
    """(N, g, g, 2, 4): how far x and y of each of g x g cells go with a shake of (1, 0, 0, 0), and so on."""
    centres = (torch.arange(cells, device=head.device) + 0.5) / cells * SIDE_PX - 0.5
    down, right = torch.meshgrid(centres, centres, indexing="ij")
    x, y = ((at[None] - head[:, i, None, None]) / head[:, 3, None, None] for i, at in enumerate((right, down)))
    one, none = torch.ones_like(x), torch.zeros_like(x)
    return torch.stack([torch.stack([one, none, x, -y], -1), torch.stack([none, one, y, x], -1)], -2)


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
