"""What people do today, to be measured beside facefix: every frame for itself, every face in it, at full strength.

No diagnosis, no knowledge of other frames, no smoothing. A new one is one entry of `BASELINES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from facefix import compose
from facefix.errors import SettingsError
from facefix.faces import align
from facefix.faces.detectors import DETECTORS, Detector
from facefix.models import gfpganer, networks
from facefix.repair.face import crop_side
from facefix.repair.mask import face_mask
from facefix.repair.restorers import RESTORERS, Restorer
from facefix.repair.restorers.realesrgan import RealEsrgan
from facefix.repair.scaling import resized
from facefix.types import Face, Patch, Pixels


class Baseline(Protocol):
    """Restores single frames. May hold networks, so build it once and keep it; not thread-safe."""

    def enhance(self, picture: Pixels) -> Pixels:
        """(H, W, 3) uint8 RGB -> the same shape and type; the picture itself is not written to."""
        ...


@dataclass(frozen=True, slots=True)
class BaselineSpec:
    """A registered baseline: cheap to list, its networks are read only by `load`."""

    name: str
    describe: str
    """One sentence for the user."""
    load: Callable[[str], Baseline]
    """Takes a device: auto, cpu, cuda, cuda:N or mps. Raises ModelError where weights are missing, SettingsError where
    there is no such device."""


class Untouched:
    """The damage itself."""

    def enhance(self, picture: Pixels) -> Pixels:
        """The picture given."""
        return picture


class PerFrame:
    """A restorer of aligned crops on every face that is detected in a frame, pasted back under the usual mask."""

    def __init__(self, detector: Detector, restorer: Restorer) -> None:
        self._detector, self._restorer = detector, restorer

    def enhance(self, picture: Pixels) -> Pixels:
        """See `Baseline.enhance`. A frame without a face comes back as it is."""
        faces = self._detector.detect([picture], [0])[0]
        return compose.add(picture, [self._patch(picture, face) for face in faces])[0]

    def _patch(self, picture: Pixels, face: Face) -> Patch:
        source_px = align.face_px(face) / align.FACE_WIDTH_SHARE
        side = crop_side(source_px)
        matrix = align.transform(face.points, side)
        crop = align.crop(picture, matrix, side).pixels
        restored = self._restorer.restore(crop[None], source_px)[0]
        return Patch(0, restored - crop, face_mask(align.apply(matrix, face.points), side).face, matrix)


class RealEsrganAsItIs:
    """Real-ESRGAN on the crop at the size the face has in the picture; what it draws is taken whole, and brought back to size.

    A `Restorer`. Its time grows with the area of the face: at 400 source pixels about 6 s a crop on two cores.
    """

    def __init__(self, network: RealEsrgan) -> None:
        self._network = network

    def restore(self, crops: NDArray[np.float32], source_px: float | Sequence[float]) -> NDArray[np.float32]:
        """See `Restorer.restore`."""
        side = crops.shape[1]
        # The crop is never coarser than the picture, unless the face is huge.
        own = [min(side, max(64, 8 * round(float(px) / 8))) for px in np.broadcast_to(source_px, len(crops))]
        drawn = [self._network.enlarge(resized(crop, px)) for crop, px in zip(crops, own, strict=True)]
        return np.stack([np.clip(resized(picture, side), 0, 1) for picture in drawn])


class Gfpgan:
    """`GFPGANer.enhance` as published: it detects, restores and pastes by its own means, with fresh noise in every call."""

    def __init__(self, rival: Any) -> None:
        self._rival = rival

    def enhance(self, picture: Pixels) -> Pixels:
        """See `Baseline.enhance`."""
        _, _, restored = self._rival.enhance(np.ascontiguousarray(picture[..., ::-1]), paste_back=True)
        return np.ascontiguousarray(restored[..., ::-1])


def _per_frame(restorer: Restorer, device: str) -> Baseline:
    return PerFrame(next(iter(DETECTORS.values())).load(device), restorer)


def _real_esrgan(device: str) -> Baseline:
    return _per_frame(RealEsrganAsItIs(RealEsrgan(networks.load_upscaling("x4plus", device))), device)


BASELINES: Mapping[str, BaselineSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            BaselineSpec("none", "The input as it is.", lambda device: Untouched()),
            BaselineSpec("realesrgan", "Real-ESRGAN x4plus on every face of every frame, as scripts run it.", _real_esrgan),
            BaselineSpec(
                "realesrgan-shrunk",
                "The restorer realesrgan of facefix on every face of every frame: from a shrunken crop, its detail only.",
                lambda device: _per_frame(RESTORERS["realesrgan"].load(device), device),
            ),
            BaselineSpec(
                "gfpgan",
                "GFPGANer.enhance on every frame, where the weights of GFPGAN v1.4, RetinaFace and ParseNet are installed.",
                lambda device: Gfpgan(gfpganer.load(device)),
            ),
        )
    }
)
"""Registered baselines."""


def loaded(names: Iterable[str], device: str = "auto") -> dict[str, Baseline]:
    """Those baselines by name, after `none`, which costs nothing; none at all where none is named.

    Raises:
        SettingsError: there is no baseline of a name, or no such device.
        ModelError: a baseline's weights are not installed.
    """
    wanted = list(names)
    for name in wanted:
        if name not in BASELINES:
            raise SettingsError(f"There is no baseline {name!r}; choose from {', '.join(BASELINES)}.")
    return {name: BASELINES[name].load(device) for name in dict.fromkeys(["none", *wanted])} if wanted else {}
