"""Sides made even for networks that take no others."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class Evened(nn.Module):
    """A network that enlarges pictures (N, C, H, W) of even sides, made to take any.

    The last row and column are doubled, and what comes of the copies is cut off.
    """

    def __init__(self, network: nn.Module, scale: int) -> None:
        super().__init__()
        self.network = network
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        padded = functional.pad(x, (0, width % 2, 0, height % 2), mode="replicate")
        return self.network(padded)[..., : height * self.scale, : width * self.scale]
