"""What our own networks are built from."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Two 3x3 convolutions and a way around them: dense, because CPUs and GPUs with matrix units run these fastest."""

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


def entrance(width: int, side: int = 3) -> nn.Sequential:
    """A picture's three colours -> `width` features at half the size, seen through a window of `side` pixels."""
    return nn.Sequential(nn.Conv2d(3, width, side, 2, side // 2, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True))


def stage(inner: int, width: int, blocks: int) -> nn.Sequential:
    """`inner` features -> `width` at half the size."""
    down = [nn.Conv2d(inner, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    return nn.Sequential(*down, *(Block(width) for _ in range(blocks)))
