"""Real-ESRGAN's networks: x4plus and its anime sibling (RRDBNet), animevideov3 and general-x4v3 (SRVGGNetCompact)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.models import networks, tensors
from facefix.upscale.contract import SCALES, UpscalerSpec
from facefix.upscale.tiling import Tiler, room_px

if TYPE_CHECKING:
    import torch

_SCALE = 4
"""Of every network here."""
_KEPT = 0.5
"""Share of what a network changed about the source's own pixels that is taken back: half of the cloth, skin and grain that it
takes for noise comes back, half of the sharpness that it gives to soft edges stays."""
_FAR_PX = 72
"""What a tile must see of its surroundings for RRDBNet, whose answer hangs on a picture's farther parts too."""
_TAIL_PX = 2
"""The same for its last four convolutions: three samples at four times the size, one at twice."""
_TRUNK_VALUES, _TAIL_VALUES, _COMPACT_VALUES = 700, 3600, 350
"""Numbers that live at once per pixel of the input, at the peak of a forward pass."""
_TRUNK_WIDEST, _TAIL_WIDEST, _COMPACT_WIDEST = 192, 64 * 16, 64
"""Numbers per pixel of the input in the largest tensor: in a dense block of 64 features and 4 times 32, of 64 at four times the
size, and of 64."""

Forward = Callable[["torch.Tensor"], "torch.Tensor"]


class RealEsrgan:
    """A network that draws at four times the size; at twice, means of 2x2 of what it draws.

    Fed a picture of half the size instead it is four times faster, but 3 dB further from the truth.
    """

    def __init__(self, network: torch.nn.Module) -> None:
        first = next(network.parameters())
        self._device, self._dtype = first.device, first.dtype
        room = partial(room_px, self._device)
        size = first.element_size()
        if _sees_far(network):
            # A CPU without bfloat16 gets twice the memory: cut in two, 1280x720 would be computed by 11 % more than once.
            most = room(_TRUNK_VALUES * (size if self._device.type != "cpu" else 2), _TRUNK_WIDEST)
            tail_px = room(2 * _TAIL_VALUES * size, _TAIL_WIDEST)
            makers = {s: _in_two_parts(network, s, tail_px) for s in SCALES}
        else:
            most = room(_COMPACT_VALUES * size, _COMPACT_WIDEST)
            makers = {s: partial(_whole, network, s) for s in SCALES}
        overlap = seen_px(network)
        self._tilers: Mapping[int, Tiler] = {
            s: Tiler(maker, s, overlap_px=overlap, most_px=most) for s, maker in makers.items()
        }

    def enlarge(self, pictures: NDArray[float32], scale: int) -> NDArray[float32]:
        """See `contract.Upscaler`."""
        import torch

        with torch.inference_mode():
            planes = tensors.planes(pictures, self._device)
            fed = planes.to(self._dtype).contiguous(memory_format=torch.channels_last)
            large = _faithful(self._tilers[scale].run(fed), planes, scale)
            flying = tensors.Flying(large.clamp_(0, 1).permute(0, 2, 3, 1))
        return np.ascontiguousarray(flying.landed())


def seen_px(network: torch.nn.Module) -> int:
    """How far beyond the part that is kept of it a tile must reach."""
    if _sees_far(network):
        return _FAR_PX
    # Every convolution sees one pixel further.
    return sum(1 for module in network.modules() if type(module).__name__ == "Conv2d")


def _sees_far(network: torch.nn.Module) -> bool:
    """Whether it is an RRDBNet."""
    return hasattr(network, "conv_up1")


def _faithful(large: torch.Tensor, planes: torch.Tensor, scale: int) -> torch.Tensor:
    """Back-projection (Irani, Peleg: "Improving resolution by image registration", 1991), a share of it: shrunken again, the
    result is nearer to what it was made from. It also brings back what 16-bit numbers lose of a picture's depth."""
    from torch.nn import functional

    lost = planes - functional.avg_pool2d(large, scale)
    return large.add_(functional.interpolate(lost, scale_factor=scale, mode="bicubic", align_corners=False), alpha=_KEPT)


def _shrunk(large: torch.Tensor, scale: int) -> torch.Tensor:
    """What a network drew at its own scale, at the one asked for, in single precision."""
    from torch.nn import functional

    return functional.avg_pool2d(large.float(), _SCALE // scale) if scale < _SCALE else large.float()


def _whole(network: torch.nn.Module, scale: int, pictures: torch.Tensor) -> torch.Tensor:
    return _shrunk(network(pictures), scale)


def _in_two_parts(network: Any, scale: int, tail_px: int) -> Forward:
    """RRDBNet's forward pass, the last part of it in tiles of its own.

    At four times the size features take sixteen times the memory, but the convolutions there see next to nothing of their
    surroundings; those before see far and are small. So a picture of 1280x720 need not be cut where seams could arise.
    """
    from torch.nn import functional

    def tail(features: torch.Tensor) -> torch.Tensor:
        for convolution in (network.conv_up1, network.conv_up2):
            features = network.lrelu(convolution(functional.interpolate(features, scale_factor=2, mode="nearest")))
        return _shrunk(network.conv_last(network.lrelu(network.conv_hr(features))), scale)

    tiler = Tiler(tail, scale, overlap_px=_TAIL_PX, most_px=tail_px)

    def forward(pictures: torch.Tensor) -> torch.Tensor:
        first = network.conv_first(pictures)
        return tiler.run(first + network.conv_body(network.body(first)))

    return forward


def _spec(name: str, network: str, describe: str) -> UpscalerSpec:
    known = networks.UPSCALING[network]
    load = partial(_load, network)
    return UpscalerSpec(name, describe, known.licence, load, known.files)


def _load(network: str, device: str) -> RealEsrgan:
    return RealEsrgan(networks.load_upscaling(network, device))


SPECS = (
    _spec("realesrgan", "x4plus", "Real-ESRGAN x4plus: sharpest on filmed pictures; for a GPU."),
    _spec("general", "general-x4v3", "Real-ESRGAN general-x4v3: small and fast, for filmed pictures."),
    _spec("anime", "x4plus-anime", "Real-ESRGAN x4plus-anime: line art; for a GPU."),
    _spec("animevideo", "animevideov3", "Real-ESRGAN animevideov3: small and fast; made for drawings, calm on filmed clips."),
)
