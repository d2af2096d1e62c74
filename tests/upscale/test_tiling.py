from __future__ import annotations

import numpy as np
import pytest
import skimage.data
import torch

from facefix.errors import ModelError
from facefix.models import networks
from facefix.upscale.realesrgan import _in_two_parts
from facefix.upscale.tiling import Tiler, grid, room_px


def doubled(pictures: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.interpolate(pictures, scale_factor=2, mode="nearest")


def blurred(pictures: torch.Tensor) -> torch.Tensor:
    """Sees three pixels around each."""
    return doubled(torch.nn.functional.avg_pool2d(pictures, 7, stride=1, padding=3))


class Counting:
    """Runs out of memory above so many pixels."""

    def __init__(self, holds_px: int) -> None:
        self.holds_px = holds_px
        self.given: list[tuple[int, ...]] = []

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
        self.given.append(tuple(pictures.shape))
        if pictures.shape[0] * pictures.shape[2] * pictures.shape[3] > self.holds_px:
            raise torch.OutOfMemoryError("tried to allocate too much")
        return doubled(pictures)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (101, 57), (37, 400), (720, 1280), (9, 9)])
@pytest.mark.parametrize("most_px", [400, 5000, 10**6])
def test_grids_cover_the_picture_within_the_room_there_is(height: int, width: int, most_px: int) -> None:
    cut = grid(height, width, 4, most_px)
    seen = np.zeros((height, width), int)
    for y0, y1, x0, x1 in cut.tiles:
        assert 0 <= y0 < y1 <= height and 0 <= x0 < x1 <= width
        seen[y0:y1, x0:x1] += 1
    assert seen.min() >= 1
    assert cut.tile[0] * cut.tile[1] <= most_px
    assert len(cut.tiles) == 1 or height * width > most_px


def test_a_grid_wastes_little() -> None:
    assert grid(720, 1280, 18, 500_000).pixels < 1.06 * 720 * 1280


@pytest.mark.parametrize("most_px", [500, 2000, 10**6])
def test_tiles_are_put_together_without_a_seam(most_px: int) -> None:
    pictures = torch.from_numpy(np.random.default_rng(0).random((2, 3, 67, 91), np.float32))
    tiled = Tiler(blurred, 2, overlap_px=3, most_px=most_px).run(pictures)
    # The pool pads with zeros at tiles' borders, so a tile that sees a pixel too little shows.
    torch.testing.assert_close(tiled, blurred(pictures), atol=1e-6, rtol=0)


def test_out_of_memory_halves_the_batch_then_the_tile_and_is_remembered() -> None:
    forward = Counting(40 * 40)
    tiler = Tiler(forward, 2, overlap_px=2, most_px=10**6)
    pictures = torch.rand(4, 3, 80, 80)
    # 64 x 64 pixels are the least: 80 x 80 is halved once and that does not fit.
    with pytest.raises(ModelError, match="--device cpu"):
        tiler.run(pictures)
    forward = Counting(70 * 70)
    tiler = Tiler(forward, 2, overlap_px=2, most_px=10**6)
    pictures = torch.rand(4, 3, 100, 100)
    torch.testing.assert_close(tiler.run(pictures), doubled(pictures))
    batches = [shape[0] for shape in forward.given]
    assert batches[:3] == [4, 2, 1]
    forward.given.clear()
    tiler.run(pictures)
    assert all(shape[0] * shape[2] * shape[3] <= 70 * 70 for shape in forward.given)


def test_other_errors_are_not_swallowed() -> None:
    def broken(pictures: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        Tiler(broken, 2, overlap_px=1, most_px=100).run(torch.rand(1, 3, 8, 8))


@pytest.fixture(scope="module")
def planes() -> torch.Tensor:
    """(1, 3, 48, 320) a strip of a photo."""
    photo = skimage.data.astronaut()[100:148, 60:380].astype(np.float32) / 255
    return torch.from_numpy(photo.transpose(2, 0, 1).copy())[None]


def test_rrdbnet_in_two_parts_is_rrdbnet(planes: torch.Tensor) -> None:
    network = networks.load_upscaling("x4plus-anime", "cpu").float()
    small = planes[..., :64]
    with torch.inference_mode():
        whole, parts = network(small), _in_two_parts(network, 4, tail_px=1000)(small)
    assert float((whole - parts).abs().max()) < 1e-4


@pytest.mark.parametrize(("name", "overlap_px"), [("animevideov3", 18), ("x4plus-anime", 72)])
def test_tiled_equals_untiled(name: str, overlap_px: int, planes: torch.Tensor) -> None:
    network = networks.load_upscaling(name, "cpu").float()
    with torch.inference_mode():
        whole = network(planes)
        tiled = Tiler(network, 4, overlap_px=overlap_px, most_px=48 * 240).run(planes)
    assert len(grid(48, 320, overlap_px, 48 * 240).tiles) > 1
    assert float((whole - tiled).abs().max()) < 1 / 255


@pytest.mark.parametrize(
    ("free_gb", "idle_gb", "pixels"), [(10, 0, 6_000_000), (4, 6, 6_000_000), (140, 0, (2**31 - 1) // 1024)]
)
def test_tiles_fill_the_free_part_of_a_card_but_no_tensor_is_too_large_for_its_kernels(
    free_gb: int, idle_gb: int, pixels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, there_gb in (("memory_reserved", 3 + idle_gb), ("memory_allocated", 3)):
        monkeypatch.setattr(torch.cuda, name, lambda device, there_gb=there_gb: there_gb * 10**9)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free_gb * 10**9, 0))
    values = 1024 if free_gb > 100 else 1
    assert room_px(torch.device("cuda", 1), 1000, values) == pixels
