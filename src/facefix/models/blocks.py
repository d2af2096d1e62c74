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


def convolved(inner: int, width: int, step: int = 1) -> nn.Sequential:
    """`inner` features -> `width`, through a window of three pixels, at every `step`-th of them."""
    return nn.Sequential(nn.Conv2d(inner, width, 3, step, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True))


def stage(inner: int, width: int, blocks: int) -> nn.Sequential:
    """`inner` features -> `width` at half the size."""
    return nn.Sequential(*convolved(inner, width, 2), *(Block(width) for _ in range(blocks)))


class PlainBlock(nn.Module):
    """Two 3x3 convolutions and a way around them; no normalisation, which would forget the picture's tone."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, 1, 1)
        self.second = nn.Conv2d(width, width, 3, 1, 1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # pyright: ignore[reportArgumentType]

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(functional.silu(self.first(x)))
