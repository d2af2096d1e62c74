"""Networks of the zoo, with their published weights, ready to run: name -> torch module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from facefix.errors import ModelError
from facefix.models import basicsr_adapter, checkpoints, devices, ncnn, own, zoo

if TYPE_CHECKING:
    from torch import nn

_LICENCE = "BSD-3-Clause"


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A super-resolution network and the files of its weights."""

    build: Callable[[], nn.Module]
    files: tuple[str, ...]
    """Names in the zoo: an ncnn pair, `.param` first, or one `.pth`."""
    scale: int
    licence: str
    even: bool = False
    """Whether the bare network takes even sides only; `load_upscaling` gives one that takes any."""


def _pair(name: str) -> tuple[str, str]:
    return f"{name}.param", f"{name}.bin"


def _large() -> nn.Module:
    return basicsr_adapter.rrdbnet(blocks=23)


def _half() -> nn.Module:
    return basicsr_adapter.rrdbnet(blocks=23, scale=2)


def _anime() -> nn.Module:
    return basicsr_adapter.rrdbnet(blocks=6)


def _video() -> nn.Module:
    return basicsr_adapter.srvgg(convolutions=16)


def _general() -> nn.Module:
    return basicsr_adapter.srvgg(convolutions=32)


UPSCALING: Mapping[str, NetworkSpec] = MappingProxyType(
    {
        "x4plus": NetworkSpec(_large, _pair("REALESRGAN_X4PLUS_UP4X"), 4, _LICENCE),
        "x4plus-anime": NetworkSpec(_anime, _pair("REALESRGAN_X4PLUSANIME_UP4X"), 4, _LICENCE),
        "animevideov3": NetworkSpec(_video, _pair("REALESRGAN_ANIMAVIDEOV3_UP4X"), 4, _LICENCE),
        "x2plus": NetworkSpec(_half, ("RealESRGAN_x2plus.pth",), 2, _LICENCE, even=True),
        "general-x4v3": NetworkSpec(_general, ("realesr-general-x4v3.pth",), 4, _LICENCE),
        "x4plus-fp32": NetworkSpec(_large, ("RealESRGAN_x4plus.pth",), 4, _LICENCE),
        "x4plus-anime-fp32": NetworkSpec(_anime, ("RealESRGAN_x4plus_anime_6B.pth",), 4, _LICENCE),
        "animevideov3-fp32": NetworkSpec(_video, ("realesr-animevideov3.pth",), 4, _LICENCE),
    }
)
"""Networks that take and give (N, 3, H, W) RGB in 0..1 (may overshoot a little), `scale` times larger.

The weights of an ncnn pair come with facefix and have been rounded to 16 bits; those of a `.pth` are to be fetched."""


def load_upscaling(name: str, device: str = "auto") -> nn.Module:
    """The network of that name in evaluation mode, channels last, without gradients, in the device's best precision.

    Raises ModelError where the name is unknown, or its weights are missing, corrupt or of another network, and
    SettingsError where there is no such device.
    """
    import torch

    spec = UPSCALING.get(name)
    if spec is None:
        raise ModelError(f"There is no network {name}; known are {', '.join(UPSCALING)}.")
    target = devices.resolve(device)
    network = _filled(spec, name)
    network = network.to(target, devices.best_dtype(target)).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    if not spec.even:
        return network
    from facefix.models.evening import Evened

    return Evened(network, spec.scale).eval()


def _filled(spec: NetworkSpec, name: str) -> nn.Module:
    paths = [zoo.checked(file) for file in spec.files]
    network, what = spec.build(), f"the network {name}"
    if len(paths) == 1:
        return checkpoints.load(network, paths[0], what)
    return own.filled(network, ncnn.state_dict(paths[0], paths[1], network), paths[1], what)
