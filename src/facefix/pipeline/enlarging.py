"""Enlarges whole frames in a render: the repaired frame through the upscaler, faces where their repair has more to show."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import dataclass, replace
from itertools import cycle

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix import compose
from facefix.faces import align
from facefix.media import colour, decode
from facefix.pipeline.loading import loaded
from facefix.pipeline.profiling import clocked
from facefix.settings import Settings
from facefix.types import ClipInfo, Frame, Patch, Pixels, Span
from facefix.upscale import UPSCALERS, Upscaler, lanczos
from facefix.upscale.choosing import AUTO, choose
from facefix.upscale.steadying import LOOK_BACK, Steadier

_LOOKED_AT, _EVERY = 5, 24
"""Frames that `auto` looks at, and how far they lie apart."""
_FINER = 1.1
"""Crop pixels per source pixel from which on a crop can hold what the source's grid cannot."""
_AROUND = 1 / 32
"""How far around a place its detail is weighed, as a share of the crop's side."""
_NOISE = 1 / 255
_AHEAD = 2
"""Frames that each device's network is given before one is asked back."""


@dataclass(frozen=True, slots=True, eq=False)
class Enlarged:
    """A frame of the result."""

    frame: Frame
    """The source's."""
    pixels: Pixels
    """(height, width, 3) RGB of the clip's depth, as `media.colour.to_rgb` gives it."""
    repaired: bool
    """Whether patches changed a pixel of it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Begun:
    """A frame whose network is at work."""

    frame: Frame
    patches: Sequence[Patch]
    before: Pixels
    source: Pixels
    """Repaired."""
    small: NDArray[float32]
    """The same, 0..1."""
    large: Future[NDArray[float32]]


class Enlarger:
    """Enlarges the frames of one clip, in order. Keeps a few frames. Not thread-safe."""

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
        self.name = _chosen(clip, span, settings.devices[0]) if settings.upscaler == AUTO else settings.upscaler
        """Of the upscaler."""
        spec = UPSCALERS[self.name]
        self._upscalers = [loaded(spec.load, spec.files, device) for device in settings.devices]
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

    def frames(self, treated: Iterable[tuple[Frame, Sequence[Patch]]]) -> Generator[Enlarged, None, None]:
        """The frames, repaired and enlarged.

        The upscaler is given the repaired frame, so what it adds fits the repair. Where a crop is finer than the source and its
        repair has more detail than the upscaler found, the crop's is taken. Without patches the result is the upscaler's own.
        Networks work in threads, one per device, which take frames in turn; meanwhile the frames before are finished.
        """
        with ExitStack() as stack:
            workers = [ThreadPoolExecutor(1) for _ in self._upscalers]
            for worker in workers:
                stack.callback(worker.shutdown, cancel_futures=True)
            turns = cycle(zip(workers, self._upscalers, strict=True))
            waiting: deque[_Begun] = deque()
            for (frame, patches), (worker, upscaler) in zip(treated, turns, strict=False):
                waiting.append(self._begun(frame, patches, worker, upscaler))
                if len(waiting) > _AHEAD * len(workers):
                    yield self._finished(waiting.popleft())
            while waiting:
                yield self._finished(waiting.popleft())

    def _begun(self, frame: Frame, patches: Sequence[Patch], worker: Executor, upscaler: Upscaler) -> _Begun:
        with clocked("composing"):
            before = colour.to_rgb(frame, self._clip)
            source, _ = compose.add(before, patches)
            small = np.asarray(source / float32(np.iinfo(source.dtype).max), np.float32)
        # A context of its own for each, for one cannot be entered twice at a time.
        large = worker.submit(copy_context().run, self._enlarged, upscaler, small)
        return _Begun(frame, patches, before, source, small, large)

    def _enlarged(self, upscaler: Upscaler, small: NDArray[float32]) -> NDArray[float32]:
        with clocked("enlarging"):
            return upscaler.enlarge(small[None], self._scale)[0]

    def _finished(self, one: _Begun) -> Enlarged:
        with clocked("waiting for the upscaler"):
            large = one.large.result()
        with clocked("steadying", int(self._steadier is not None)):
            if self._steadier is not None:
                large = self._steadier.steadied(one.small, large)
        with clocked("pasting faces", len(one.patches)):
            finer = [_finer(patch, one.before, one.small, large, self._scale) for patch in one.patches]
            pixels, _ = compose.add(_as_pixels(large, one.source), [patch for patch in finer if patch is not None])
        return Enlarged(one.frame, pixels, not np.array_equal(one.before, one.source))

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
    return choose([colour.eight_bits(colour.to_rgb(frame, clip)) for frame in frames], device)


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
