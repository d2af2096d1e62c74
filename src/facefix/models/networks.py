"""Networks of the zoo, with their published weights, ready to run: name -> torch module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from facefix.errors import ModelError
from facefix.models import basicsr_adapter, devices, ncnn, zoo

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A super-resolution network whose weights lie in an ncnn pair."""

    build: Callable[[], nn.Module]
    files: str
    """Name of the pair in the zoo, without `.param` and `.bin`."""
    scale: int
    licence: str


UPSCALING: Mapping[str, NetworkSpec] = MappingProxyType(
    {
        "x4plus": NetworkSpec(lambda: basicsr_adapter.rrdbnet(blocks=23), "REALESRGAN_X4PLUS_UP4X", 4, "BSD-3-Clause"),
        "x4plus-anime": NetworkSpec(
            lambda: basicsr_adapter.rrdbnet(blocks=6), "REALESRGAN_X4PLUSANIME_UP4X", 4, "BSD-3-Clause"
        ),
        "animevideov3": NetworkSpec(
            lambda: basicsr_adapter.srvgg(convolutions=16), "REALESRGAN_ANIMAVIDEOV3_UP4X", 4, "BSD-3-Clause"
        ),
    }
)
"""Networks that take and give (N, 3, H, W) RGB in 0..1 (may overshoot a little), `scale` times larger."""


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
    param, weights = (zoo.checked(f"{spec.files}.{ending}") for ending in ("param", "bin"))
    network = spec.build()
    network.load_state_dict(ncnn.state_dict(param, weights, network))
    network.requires_grad_(False)
    return network.eval().to(target, devices.best_dtype(target)).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
