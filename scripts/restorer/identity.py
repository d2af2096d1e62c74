"""dlib's face-recognition network in torch, to train against: unlike dlib's own it lets gradients through.

The numbers are read from dlib's file (`faces.identity.WEIGHTS`): it is data, and nothing in it is run. The layers are those of
dlib's examples/dnn_face_recognition_ex.cpp. `Likeness` lies within 1e-4 of dlib's embeddings.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from facefix.faces.align import FFHQ_TEMPLATE, TEMPLATE_PX, fit_similarity
from facefix.faces.identity import CHIP_PX, CHIP_TEMPLATE, WEIGHTS
from facefix.models import zoo

_MEAN = (122.782, 117.001, 104.298)
_RANGE = 256.0
_LEVELS = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""Channels, blocks, and whether the first of them halves the picture."""


_TURNED, _SCALED, _SHIFTED = 0.03, 0.02, 0.01
"""Standard deviations: radians; of the logarithm of the size; shares of half a side."""


class _File:
    """The tensors of a file as dlib serialises networks, from the input's layer to the output's."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def next(self, *sizes: int) -> NDArray[np.float32]:
        """The next tensor of these sizes; those not named are 1. Raises ValueError where none follows."""
        four = (*sizes, 1, 1, 1)[:4]
        header = _written(2) + b"".join(_written(size) for size in four)
        start = self._data.index(header, self._at) + len(header)
        count = int(np.prod(sizes))
        self._at = start + 4 * count
        return np.frombuffer(self._data, "<f4", count, start).reshape(sizes)


def _written(number: int) -> bytes:
    """As dlib writes a whole number: in how many bytes it comes, then those, least first."""
    length = (number.bit_length() + 7) // 8
    return bytes([length]) + number.to_bytes(length, "little")


class _Layer(nn.Module):
    """A convolution, then a scale and an offset a channel."""

    def __init__(self, file: _File, inside: int, outside: int, side: int, stride: int) -> None:
        super().__init__()
        numbers = file.next(inside * outside * side * side + outside)
        affine = file.next(2 * outside).reshape(2, outside)
        kernel = numbers[:-outside].reshape(outside, inside, side, side)
        self.register_buffer("kernel", torch.from_numpy(kernel * affine[0][:, None, None, None]))
        self.register_buffer("bias", torch.from_numpy(numbers[-outside:] * affine[0] + affine[1]))
        self.stride, self.padding = stride, side // 2 if stride == 1 else 0

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.get_buffer("kernel"), self.get_buffer("bias"), self.stride, self.padding)


class _Block(nn.Module):
    """Two layers and what went in; of unlike sizes the smaller is filled up with zeros."""

    def __init__(self, file: _File, inside: int, outside: int, halves: bool) -> None:
        super().__init__()
        self.first = _Layer(file, inside, outside, 3, 2 if halves else 1)
        self.second = _Layer(file, outside, outside, 3, 1)
        self.halves = halves

    def forward(self, x: Tensor) -> Tensor:
        made = self.second(functional.relu(self.first(x)))
        kept = functional.avg_pool2d(x, 2) if self.halves else x
        sizes = [max(a, b) for a, b in zip(made.shape[1:], kept.shape[1:], strict=True)]
        return functional.relu(_filled(made, sizes) + _filled(kept, sizes))


def _filled(x: Tensor, sizes: list[int]) -> Tensor:
    depth, height, width = (size - had for size, had in zip(sizes, x.shape[1:], strict=True))
    return functional.pad(x, (0, width, 0, height, 0, depth)) if depth or height or width else x


class Likeness(nn.Module):
    """(N, 3, S, S) aligned crops, RGB 0..1 -> (N, 128) embeddings, whose distance tells people apart as `identity.distance`."""

    def __init__(self, path: Path | None = None) -> None:
        """Raises ModelError where the file is missing."""
        super().__init__()
        file = _File((path or zoo.checked(WEIGHTS)).read_bytes())
        self.enter = _Layer(file, 3, 32, 7, 2)
        blocks, inside = [], 32
        for channels, count, halves in _LEVELS:
            for i in range(count):
                blocks.append(_Block(file, inside, channels, halves and i == 0))
                inside = channels
        self.blocks = nn.Sequential(*blocks)
        self.register_buffer("last", torch.from_numpy(file.next(inside, 128).copy()))
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None])
        self.eval().requires_grad_(False)

    def forward(self, crops: Tensor, shaken: Tensor | None = None) -> Tensor:
        return self.embedded(self.chips(crops, shaken))

    def embedded(self, chips: Tensor) -> Tensor:
        """(N, 128) of chips (N, 3, 150, 150) as `identity.chip` cuts them, RGB 0..1."""
        x = (chips * 255 - self.get_buffer("mean")) / _RANGE
        x = functional.max_pool2d(functional.relu(self.enter(x)), 3, 2)
        return self.blocks(x).mean((2, 3)) @ self.get_buffer("last")

    def chips(self, crops: Tensor, shaken: Tensor | None = None) -> Tensor:
        """(N, 3, 150, 150) the chips that lie in aligned crops; shaken: (N, 2, 3) of `shake`."""
        side = crops.shape[-1]
        into = fit_similarity(CHIP_TEMPLATE, (FFHQ_TEMPLATE + 0.5) * (side / TEMPLATE_PX) - 0.5)
        y, x = np.mgrid[:CHIP_PX, :CHIP_PX]
        places = np.stack([x, y, np.ones_like(x)], -1) @ into.T
        grid = torch.from_numpy(((2 * places + 1) / side - 1).astype(np.float32)).to(crops.device)
        grid = grid.expand(len(crops), -1, -1, -1)
        if shaken is not None:
            grid = torch.einsum("nhwk,njk->nhwj", functional.pad(grid, (0, 1), value=1.0), shaken)
        return functional.grid_sample(crops, grid, padding_mode="border", align_corners=False)


def shake(count: int) -> Tensor:
    """(N, 2, 3) turns, scales and shifts of a chip by some percent: what deceives the network in one place alone is no gain."""
    angle, size = _TURNED * torch.randn(count), torch.exp(_SCALED * torch.randn(count))
    cosine, sine = angle.cos() * size, angle.sin() * size
    shift = _SHIFTED * torch.randn(count, 2)
    return torch.stack([torch.stack([cosine, -sine, shift[:, 0]], 1), torch.stack([sine, cosine, shift[:, 1]], 1)], 1)
