"""Small clips that any browser plays and steps through exactly: one view of a clip, or several above one another."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from facefix.errors import FacefixError, OutputError
from facefix.media.colour import upright
from facefix.media.container import PartFile, open_part, output_error
from facefix.media.matrices import SWS_BILINEAR, effective_matrix, is_full_range, swscale_matrix
from facefix.media.planes import layout_of
from facefix.types import ClipInfo, Frame

HEIGHT_PX = 720
"""Of a view, at most."""
_TICKS = 90000
_BT709 = 1
_LIMITED = 1
# Blocks are smoothed in spite of the preset, which for a twentieth more time wins 2 dB in faces.
# A key frame twice in a second of film and no picture that waits for a later one: a step is decoded in an instant. Grain
# may look coarser than it is: ten seconds take 12 MB at most.
_OPTIONS = {
    "preset": "ultrafast",
    "crf": "21",
    "x264-params": "keyint=12:scenecut=0:bframes=0:ref=1:deblock=0,0:8x8dct=1:vbv-maxrate=9000:vbv-bufsize=4500",
}


class Footage:
    """A context in which H.264 (8 bits, 4:2:0, BT.709) is written, without sound. Views share every picture, so that none can
    come out of step.

    path: an .mp4 file; it has its name only once the context ends without an exception.
    clip: the first view's; the others are scaled to its size. views: how many lie above one another.

    Raises OutputError.
    """

    def __init__(self, path: Path, clip: ClipInfo, views: int) -> None:
        self.size = _size(clip)
        """(width, height) of a view in pixels, upright, pixels square."""
        self.times: list[float] = []
        """Seconds at which pictures begin, from 0."""
        self._clip, self._views = clip, views
        self._part = PartFile(Path(path), clip.path)
        self._first: int | None = None
        self._container: Any = None
        self._stream: Any = None

    def __enter__(self) -> Footage:
        self._container = open_part(self._part, "mp4", {"movflags": "+faststart"})
        try:
            self._stream = self._declared()
        except BaseException as error:
            self._abandon()
            if isinstance(error, (FFmpegError, OSError)):
                raise output_error(self._part.target, error) from error
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self._abandon()
            return
        try:
            if not self.times:
                raise OutputError(f"{self._part.target} was not written: not one frame was given.")
            self._mux(None)
            self._container.close()
            self._part.publish()
        except BaseException as failure:
            self._abandon()
            if isinstance(failure, (FFmpegError, OSError)) and not isinstance(failure, FacefixError):
                raise output_error(self._part.target, failure) from failure
            raise

    def write(self, views: Sequence[tuple[Frame, ClipInfo]]) -> None:
        """Encode one picture: the first view's frame tells its time. Raises OutputError."""
        frame, clip = views[0]
        self._first = frame.pts if self._first is None else self._first
        moment = (frame.pts - self._first) * clip.video.time_base
        planes = [_planes(one.picture, of, self.size) for one, of in views]
        stacked = np.concatenate([np.concatenate(plane).ravel() for plane in zip(*planes, strict=True)])
        picture = av.VideoFrame.from_ndarray(stacked.reshape(-1, self.size[0]), format="yuv420p")
        picture.pts, picture.time_base = round(moment * _TICKS), Fraction(1, _TICKS)
        try:
            self._mux(picture)
        except (FFmpegError, OSError) as error:
            raise output_error(self._part.target, error) from error
        self.times.append(float(moment))

    def _declared(self) -> Any:
        """The video stream, its encoder open."""
        stream: Any = self._container.add_stream("libx264", rate=self._clip.video.rate or 25, options=dict(_OPTIONS))
        context = stream.codec_context
        context.width, context.height = self.size[0], self.size[1] * self._views
        context.pix_fmt = "yuv420p"
        context.time_base = stream.time_base = Fraction(1, _TICKS)
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED
        context.open()
        return stream

    def _mux(self, picture: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(picture):
            self._container.mux(packet)

    def _abandon(self) -> None:
        self._part.discard()
        with contextlib.suppress(FFmpegError, OSError, ValueError):
            self._container.close()
        self._part.discard()


def _size(clip: ClipInfo) -> tuple[int, int]:
    """Even, at most `HEIGHT_PX` high, as wide as the clip is shown."""
    width, height = clip.video.display_size
    aspect = clip.video.sample_aspect_ratio or Fraction(1)
    wide = Fraction(width) * (aspect if clip.video.rotation % 180 == 0 else 1 / aspect)
    scale = min(Fraction(1), Fraction(HEIGHT_PX, height))
    return max(2, 2 * round(wide * scale / 2)), max(2, 2 * round(height * scale / 2))


def _planes(picture: av.VideoFrame, clip: ClipInfo, size: tuple[int, int]) -> tuple[NDArray[np.uint8], ...]:
    """Y (H, W), U and V (H/2, W/2) of a picture: upright, 8 bits, BT.709, limited range."""
    turned = clip.video.rotation % 180 != 0
    width, height = size[::-1] if turned else size
    tags = clip.video.colour
    layout = layout_of(picture.format.name)
    full = layout is None or is_full_range(tags, layout)
    flat = picture.reformat(
        width=width,
        height=height,
        format="yuv420p",
        src_colorspace=swscale_matrix(effective_matrix(tags, picture.width, picture.height), picture),
        dst_colorspace=_BT709,
        src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
        dst_color_range=ColorRange.MPEG,
        interpolation=SWS_BILINEAR,
    ).to_ndarray()
    quarter = width * height // 4
    samples = flat.ravel()[width * height :]
    chroma = [samples[i * quarter : (i + 1) * quarter].reshape(height // 2, width // 2) for i in range(2)]
    return tuple(upright(plane, clip.video.rotation) for plane in (flat[:height], *chroma))
