"""Runs a network over pictures of any size, in overlapping tiles where memory does not hold them whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facefix.errors import ModelError

if TYPE_CHECKING:
    import torch

_CPU_ROOM_BYTES = 3 << 29
"""What a forward pass may take of main memory, which other programs want too."""
_SHARE_OF_FREE = 0.6
"""Of an accelerator's free memory: what is left is for workspaces and fragments."""
_LEAST_TILE_PX = 64 * 64
_MOST_VALUES = 2**31 - 1
"""Of a tensor: of larger ones, kernels of CUDA count places in too few bits, and some leave the rest of a picture black."""

Box = tuple[int, int, int, int]
"""y0, y1, x0, x1 in pixels, ends exclusive."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How a picture is cut into tiles of one size, spread evenly so that neighbours overlap."""

    tile: tuple[int, int]
    """(height, width)."""
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    """Where tiles start."""

    @property
    def tiles(self) -> list[Box]:
        height, width = self.tile
        return [(y, y + height, x, x + width) for y in self.rows for x in self.columns]

    @property
    def pixels(self) -> int:
        """That are computed in all, what overlaps counted as often as it is."""
        return self.tile[0] * self.tile[1] * len(self.rows) * len(self.columns)


def grid(height: int, width: int, overlap_px: int, most_px: int) -> Grid:
    """The cheapest grid whose tiles have at most `most_px` pixels and see `overlap_px` beyond the part that is kept of them.

    Where even the smallest tiles with that overlap are larger, those.
    """
    best: Grid | None = None
    for rows in range(1, height // (2 * overlap_px + 1) + 2):
        tall, ys = _spread(height, rows, overlap_px)
        # As few columns as the room for a tile of that height allows: more only add overlap.
        for columns in range(1, width // (2 * overlap_px + 1) + 2):
            wide, xs = _spread(width, columns, overlap_px)
            if tall * wide <= most_px:
                one = Grid((tall, wide), ys, xs)
                best = one if best is None or one.pixels < best.pixels else best
                break
        if best is not None and tall * width <= most_px:
            break
    if best is not None:
        return best
    (tall, ys), (wide, xs) = (_spread(side, side // (2 * overlap_px + 1) + 1, overlap_px) for side in (height, width))
    return Grid((tall, wide), ys, xs)


def _spread(side: int, count: int, overlap_px: int) -> tuple[int, tuple[int, ...]]:
    """Length and starts of `count` pieces that cover a side, neighbours sharing at least two overlaps."""
    length = min(side, -(-(side + 2 * overlap_px * (count - 1)) // count))
    return length, tuple(round(i * (side - length) / max(1, count - 1)) for i in range(count))


def room_px(device: torch.device, bytes_per_px: int, values_per_px: int) -> int:
    """Pixels of a tile, or of a batch of tiles, that the device's memory holds.

    bytes_per_px: of all that lives at once. values_per_px: numbers in the largest tensor.
    """
    import torch

    room = float(_CPU_ROOM_BYTES)
    if device.type == "cuda":
        # What torch has taken from the card and uses no more is free too.
        idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        room = _SHARE_OF_FREE * (torch.cuda.mem_get_info(device)[0] + idle)
    return max(_LEAST_TILE_PX, min(int(room / bytes_per_px), _MOST_VALUES // values_per_px))


class Tiler:
    """Remembers what fitted into memory: where it ran out, batches and then tiles stay smaller from there on."""

    def __init__(self, forward: Callable[[torch.Tensor], torch.Tensor], scale: int, *, overlap_px: int, most_px: int) -> None:
        """
        Args:
            forward: (N, C, H, W) -> (N, D, scale * H, scale * W).
            overlap_px: how much a tile must see beyond the part that is kept of it.
            most_px: pixels of a batch of tiles, at first.
        """
        self._forward = forward
        self._scale = scale
        self._overlap_px = overlap_px
        self._tile_px = self._batch_px = most_px

    def run(self, pictures: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, D, scale * H, scale * W) on the same device.

        Raises:
            ModelError: out of memory even with the smallest tiles.
        """
        import torch

        while True:
            try:
                return self._tiled(pictures)
            except torch.OutOfMemoryError as error:
                self._shrink(pictures, error)
            if pictures.device.type == "cuda":
                torch.cuda.empty_cache()

    def _tiled(self, pictures: torch.Tensor) -> torch.Tensor:
        """As `run`; raises torch.OutOfMemoryError."""
        import torch

        count, _, height, width = pictures.shape
        s = self._scale
        cut = grid(height, width, self._overlap_px, self._tile_px)
        if len(cut.tiles) == 1 and count <= self._together(cut):
            return self._forward(pictures)
        out: torch.Tensor | None = None
        places = [(n, box) for n in range(count) for box in cut.tiles]
        for batch in _batches(places, self._together(cut)):
            tiles = [pictures[n : n + 1, :, y0:y1, x0:x1] for n, (y0, y1, x0, x1) in batch]
            large = self._forward(tiles[0] if len(tiles) == 1 else _stacked(tiles))
            if out is None:
                out = torch.empty(
                    (count, large.shape[1], s * height, s * width),
                    dtype=large.dtype,
                    device=large.device,
                    memory_format=torch.channels_last,
                )
            for (n, box), tile in zip(batch, large, strict=True):
                y0, y1, x0, x1 = self._kept(box, cut)
                out[n, :, s * y0 : s * y1, s * x0 : s * x1] = tile[
                    :, s * (y0 - box[0]) : s * (y1 - box[0]), s * (x0 - box[2]) : s * (x1 - box[2])
                ]
        assert out is not None
        return out

    def _together(self, cut: Grid) -> int:
        """Tiles that are computed at once."""
        return max(1, self._batch_px // (cut.tile[0] * cut.tile[1]))

    def _kept(self, box: Box, cut: Grid) -> Box:
        """The part of a tile that is kept: to the middle of each overlap, or to the picture's edge."""
        return (*_middle(box[0], cut.rows, cut.tile[0]), *_middle(box[2], cut.columns, cut.tile[1]))

    def _shrink(self, pictures: torch.Tensor, error: Exception) -> None:
        height, width = pictures.shape[-2:]
        cut = grid(height, width, self._overlap_px, self._tile_px)
        tile_px = cut.tile[0] * cut.tile[1]
        together = min(self._together(cut), len(cut.tiles) * len(pictures))
        if together > 1:
            self._batch_px = tile_px * (together // 2)
            return
        smaller = grid(height, width, self._overlap_px, tile_px // 2)
        if tile_px // 2 < _LEAST_TILE_PX or smaller.tile == cut.tile:
            raise ModelError(
                f"{pictures.device} has too little free memory for even a part of a picture; use --device cpu."
            ) from error
        self._tile_px = self._batch_px = tile_px // 2


def _middle(start: int, starts: tuple[int, ...], length: int) -> tuple[int, int]:
    """Where the kept part of the piece at `start` begins and ends, among pieces of that length."""
    index = starts.index(start)
    first = (starts[index - 1] + length + start) // 2 if index else start
    last = (start + length + starts[index + 1]) // 2 if index + 1 < len(starts) else start + length
    return first, last


def _batches(items: list[tuple[int, Box]], size: int) -> Iterator[list[tuple[int, Box]]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _stacked(tiles: list[torch.Tensor]) -> torch.Tensor:
    import torch

    return torch.cat(tiles).contiguous(memory_format=torch.channels_last)
