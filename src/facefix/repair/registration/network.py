"""The network: what the picture says of where a mesh should lie in, how far each place of it is off out.

Every sound frame's evidence is read alike, place by place it is told which of them to trust, and from near and far what is
damaged is told from what is not.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from facefix.models.blocks import PlainBlock
from facefix.repair.registration.evidence import PER_FRAME, PER_KEY

_WIDTHS = (56, 96)
_BLOCKS = 2
_FAR = 3.0
"""Flow from which on farther hardly counts more, in its unit."""
_FLOWS = 3
"""Of a key's numbers those that are distances."""


class RegistrationNetwork(nn.Module):
    """(N, K, PER_KEY, g, g), (N, K) 1 where there is such a key, (N, PER_FRAME, g, g) -> (N, 2, g / 2, g / 2).

    What comes out is how far off, x and y, what a mesh has in each place lies, in the unit of the flows; g a multiple of 4.
    """

    def __init__(self) -> None:
        super().__init__()
        middle, bottom = _WIDTHS
        self.enter = nn.Conv2d(PER_KEY + PER_FRAME, middle, 5, 2, 2)
        self.middle = PlainBlock(middle)
        self.trust_middle = nn.Conv2d(middle, 1, 1)
        self.down_bottom = nn.Conv2d(middle, bottom, 3, 2, 1)
        self.bottom = nn.Sequential(*(PlainBlock(bottom) for _ in range(_BLOCKS)))
        self.trust_bottom = nn.Conv2d(bottom, 1, 1)
        self.mixed = nn.Sequential(*(PlainBlock(bottom) for _ in range(_BLOCKS)))
        self.whole = nn.Linear(2 * bottom, bottom)
        self.up_middle = nn.Conv2d(bottom, middle, 1)
        self.middle_again = nn.Sequential(*(PlainBlock(middle) for _ in range(_BLOCKS)))
        self.head = nn.Conv2d(middle, 2, 3, 1, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # pyright: ignore[reportArgumentType]

    def forward(self, keys: Tensor, present: Tensor, frame: Tensor) -> Tensor:
        count = keys.shape[1]
        near = _FAR * torch.asinh(keys[:, :, :_FLOWS] / _FAR)
        seen = torch.cat([near, keys[:, :, _FLOWS:], frame[:, None].expand(-1, count, -1, -1, -1)], 2).flatten(0, 1)
        middle = self.middle(functional.silu(self.enter(seen.contiguous(memory_format=torch.channels_last))))
        bottom = self.bottom(functional.silu(self.down_bottom(middle)))
        beside = _agreed(middle, self.trust_middle(middle), present)
        x = self.mixed(_agreed(bottom, self.trust_bottom(bottom), present))
        # Where the whole head lies is told by all of it.
        x = x + self.whole(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))[:, :, None, None]
        x = self.middle_again(
            beside + functional.interpolate(self.up_middle(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        )
        return self.head(functional.silu(x)).float()


def _agreed(features: Tensor, trust: Tensor, present: Tensor) -> Tensor:
    """(N, C, s, s) mean of (N K, C, s, s) over the keys, as far as each place of each is trusted (N K, 1, s, s)."""
    several = present.shape
    logits = trust.unflatten(0, several).float().masked_fill(present[:, :, None, None, None] == 0, -1e4)
    return (torch.softmax(logits, 1).to(features.dtype) * features.unflatten(0, several)).sum(1)


def at(field: Tensor, points: Tensor) -> Tensor:
    """(N, P, 2) of a field (N, 2, g, g) at points (N, P, 2), shares of the crop's side."""
    found = functional.grid_sample(field, 2 * points[:, :, None] - 1, padding_mode="border", align_corners=False)
    return found[..., 0].transpose(1, 2)
