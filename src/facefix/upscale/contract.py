"""What every upscaler promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from numpy import float32
from numpy.typing import NDArray

from facefix.models.backend import Backend


class Upscaler(Protocol):
    """Enlarges whole pictures. May hold a network, so build it once and keep it; not thread-safe."""

    def enlarge(self, pictures: NDArray[float32], scale: int) -> NDArray[float32]:
        """(N, H, W, 3) RGB 0..1 -> (N, scale * H, scale * W, 3) RGB 0..1; the same pictures always give the same result.

        scale: one of `SCALES`. Every picture is enlarged for itself. The middle of a pixel stays where it is in the picture:
        x becomes scale * x + (scale - 1) / 2.

        Raises:
            ModelError: the accelerator's memory does not even hold a small part of a picture.
        """
        ...


SCALES = (2, 4)


@dataclass(frozen=True)
class UpscalerSpec(Backend[Upscaler]):
    """A registered upscaler."""

    invents: bool = True
    """Whether it adds detail, which then has to be kept calm from frame to frame."""
