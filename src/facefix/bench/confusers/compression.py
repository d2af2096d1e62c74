"""Heavy compression: part of the clip went through H.264 at a rate far too low."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from facefix.bench.faults.apply import Frame
from facefix.types import Span

_RATE = 25
_LOOK_AHEAD_FRAMES = 8


def compression(pixels: Iterable[Frame], points: NDArray[np.float32], seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames; those of `span` after H.264 with a constant rate factor of 36 to 42.

    The encoder holds back some frames, no more than a second's.
    """
    del points
    crf = int(np.random.default_rng([seed, 30]).integers(36, 43))
    codec: _RoundTrip | None = None
    for index, frame in enumerate(pixels):
        if index == span.start and len(span):
            codec = _RoundTrip(frame.shape[0], frame.shape[1], crf)
        if codec is not None and index == span.end:
            yield from codec.flush()
            codec = None
        if codec is None:
            yield frame
        else:
            yield from codec.push(frame)
    if codec is not None:
        yield from codec.flush()


class _RoundTrip:
    """Pictures through an encoder and a decoder, in order."""

    def __init__(self, height: int, width: int, crf: int) -> None:
        self._size = height, width
        self._count = 0
        # 4:2:0 wants even sides: a line or column is repeated and cut off again.
        self._pad = (0, height % 2), (0, width % 2), (0, 0)
        encoder = av.CodecContext.create("libx264", "w")
        assert isinstance(encoder, VideoCodecContext)
        encoder.width, encoder.height = width + width % 2, height + height % 2
        encoder.pix_fmt, encoder.time_base, encoder.framerate = "yuv420p", Fraction(1, _RATE), Fraction(_RATE)
        # One thread, no B-frames, no hand-written machine code: with them, x264's result differs from run to run.
        encoder.options = {
            "crf": str(crf), "preset": "fast", "threads": "1", "rc-lookahead": str(_LOOK_AHEAD_FRAMES), "bf": "0",
            "x264-params": "asm=0",
        }  # fmt: skip
        decoder = av.CodecContext.create("h264", "r")
        assert isinstance(decoder, VideoCodecContext)
        decoder.thread_count = 1
        self._encoder, self._decoder = encoder, decoder

    def push(self, frame: Frame) -> Iterator[Frame]:
        picture = av.VideoFrame.from_ndarray(np.pad(frame, self._pad, mode="edge"), format="rgb24")
        picture = picture.reformat(format="yuv420p")
        picture.pts, picture.time_base = self._count, Fraction(1, _RATE)
        self._count += 1
        for packet in self._encoder.encode(picture):
            yield from self._shown(self._decoder.decode(packet))

    def flush(self) -> Iterator[Frame]:
        for packet in self._encoder.encode(None):
            yield from self._shown(self._decoder.decode(packet))
        yield from self._shown(self._decoder.decode(None))

    def _shown(self, pictures: list[av.VideoFrame]) -> Iterator[Frame]:
        for picture in pictures:
            yield np.asarray(picture.to_ndarray(format="rgb24")[: self._size[0], : self._size[1]], np.uint8)
