"""Enlarges whole frames in a render: the repaired frame through the upscaler, faces where their repair has more to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix import compose
from facefix.faces import align
from facefix.media import colour, decode
from facefix.pipeline.loading import loaded
from facefix.settings import Settings
from facefix.types import ClipInfo, Frame, Patch, Pixels, Span
from facefix.upscale import UPSCALERS, lanczos
from facefix.upscale.choosing import AUTO, choose
from facefix.upscale.steadying import LOOK_BACK, Steadier

_LOOKED_AT, _EVERY = 5, 24
"""Frames that `auto` looks at, and how far they lie apart."""
_FINER = 1.1
"""Crop pixels per source pixel from which on a crop can hold what the source's grid cannot."""
_AROUND = 1 / 32
"""How far around a place its detail is weighed, as a share of the crop's side."""
_NOISE = 1 / 255


class Enlarger:
    """Enlarges the frames of one clip, in order. Keeps one frame. Not thread-safe."""

    def __init__(self, clip: ClipInfo, settings: Settings, span: Span) -> None:
        """
        Args:
            span: the frames to be enlarged.

        Raises:
            ModelError: weights are missing.
            SettingsError: there is no such device.
        """
        self._clip = clip
        self._scale = settings.scale
        self.name = _chosen(clip, span, settings.device) if settings.upscaler == AUTO else settings.upscaler
        """Of the upscaler."""
        self.repaired = False
        """Whether patches changed a pixel of the last frame."""
        spec = UPSCALERS[self.name]
        self._upscaler = loaded(spec.load, spec.files, settings.device)
        self._steadier = Steadier() if spec.invents else None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the result as displayed."""
        return enlarged_size(self._clip, self._scale)

    @property
    def look_back(self) -> int:
        """Frames before it that still show in a frame, up to rounding."""
        return 0 if self._steadier is None else LOOK_BACK

    def restart(self) -> None:
        """The next frame is the first one again."""
        if self._steadier is not None:
            self._steadier.restart()

    def frame(self, frame: Frame, patches: Sequence[Patch]) -> Pixels:
        """The next frame, repaired and enlarged: (height, width, 3) RGB of the clip's depth, as `media.colour.to_rgb` gives it.

        The upscaler is given the repaired frame, so what it adds fits the repair. Where a crop is finer than the source and its
        repair has more detail than the upscaler found, the crop's is taken. Without patches the result is the upscaler's own.
        """
        before = colour.to_rgb(frame, self._clip)
        source, _ = compose.add(before, patches)
        self.repaired = not np.array_equal(before, source)
        top = np.iinfo(source.dtype).max
        small = np.asarray(source / float32(top), np.float32)
        large = self._upscaler.enlarge(small[None], self._scale)[0]
        if self._steadier is not None:
            large = self._steadier.steadied(small, large)
        finer = [one for patch in patches if (one := _finer(patch, before, small, large, self._scale)) is not None]
        return compose.add(_as_pixels(large, source), finer)[0]

    def interpolated(self, frame: Frame) -> Pixels:
        """A frame as it is, interpolated to the result's size: what a result is compared with."""
        before = colour.to_rgb(frame, self._clip)
        top = np.iinfo(before.dtype).max
        return _as_pixels(lanczos.interpolated(np.asarray(before / float32(top), np.float32), self._scale), before)


def enlarged_size(clip: ClipInfo, scale: int) -> tuple[int, int]:
    """(width, height) of the result as displayed."""
    width, height = clip.video.display_size
    return scale * width, scale * height


def _as_pixels(picture: NDArray[float32], like: Pixels) -> Pixels:
    values = picture * float32(np.iinfo(like.dtype).max)
    return np.rint(values, out=values).astype(like.dtype)


def _chosen(clip: ClipInfo, span: Span, device: str) -> str:
    """What `auto` means for a clip: a look at a few frames near its start."""
    first = Span(span.start, min(span.end, span.start + _LOOKED_AT * _EVERY))
    frames = [f for f in decode.Decoder(clip, first) if (f.index - first.start) % _EVERY == min(_EVERY, len(first)) // 2]
    pictures = [colour.to_rgb(frame, clip) for frame in frames]
    return choose([p if p.dtype == np.uint8 else (p >> 8).astype(np.uint8) for p in pictures], device)


def _finer(patch: Patch, before: Pixels, small: NDArray[float32], large: NDArray[float32], scale: int) -> Patch | None:
    """What a repair knows of a face beyond the source's grid, as a patch for the enlarged frame; None where it knows nothing.

    With P the repaired crop, S the repaired frame and U the enlarged one seen through the same crop: P - S is the detail that
    the source's grid could not take, U - S is the upscaler's. P - U is added wherever the first is the stronger, so a face has
    the detail of one of them and not of both, and where a repair changed nothing, P - S is nothing.

    Args:
        before: (H, W, 3) the source.
        small: (H, W, 3) the repaired source, 0..1.
        large: (scale * H, scale * W, 3) what the upscaler made of it, 0..1.
    """
    if float(np.sqrt(abs(np.linalg.det(patch.transform[:, :2])))) < _FINER:
        return None
    side = patch.residual.shape[0]
    closer = scaled(patch.transform, scale)
    wanted = align.crop(before, patch.transform, side).pixels + patch.residual
    coarse = align.crop(small, patch.transform, side).pixels
    drawn = align.crop(large, closer, side).pixels
    known, found = (_strength(detail - coarse) for detail in (wanted, drawn))
    share = known / (known + found + float32(_NOISE**4))
    return replace(patch, residual=np.asarray(share[..., None] * (wanted - drawn), np.float32), transform=closer)


def _strength(detail: NDArray[float32]) -> NDArray[float32]:
    """(S, S): how strong detail (S, S, 3) is around each pixel; the fourth power of its amplitude, for a clear choice."""
    return np.square(cv2.GaussianBlur(np.square(detail).mean(-1), (0, 0), _AROUND * detail.shape[0]))


def scaled(transform: NDArray[float32], scale: int) -> NDArray[float32]:
    """(2, 3) source pixels -> crop pixels made enlarged pixels -> crop pixels."""
    matrix = transform.astype(float)
    linear = matrix[:, :2] / scale
    return np.hstack([linear, matrix[:, 2:] - linear @ np.full((2, 1), (scale - 1) / 2)]).astype(np.float32)
