"""Pictures of a clip, one after another, in presentation order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from fractions import Fraction
from itertools import islice

import av
import numpy as np
from av.codec.context import ThreadType
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard

from facefix.errors import InputError
from facefix.media import acceleration
from facefix.media.planes import alpha, canonical_name, components, layout_of
from facefix.types import ClipInfo, Frame, Span

_LOG = logging.getLogger(__name__)

# A file whose decoder fails this often in a row without one picture is not going to recover.
_HOPELESS_PACKETS = 3000


class Decoder:
    """Iterates over the frames of a clip; memory does not grow with its length.

    `Frame.index` counts every picture that decodes, from 0 at the start of the clip, whatever `span` is. A truncated
    or damaged clip yields what decodes and then ends; afterwards `trouble` is a sentence for the user (None: all
    is well) and `decoded` the number of pictures that were decoded, wanted or not.

    span: frames to yield; None means all. Iteration ends behind it, unless `count_rest` asks to decode on,
    silently, so that `decoded` is the length of the whole clip. stop: asked before each frame; True ends the
    iteration.

    `pts` strictly rises: a picture without a timestamp, or with one that does not rise, is put one frame's
    duration (or one tick) behind the last.

    Raises InputError where the clip cannot be opened any more.
    """

    def __init__(
        self,
        clip: ClipInfo,
        span: Span | None = None,
        *,
        stop: Callable[[], bool] | None = None,
        count_rest: bool = False,
    ) -> None:
        self._clip = clip
        self._span = span
        self._stop = stop
        self._count_rest = count_rest
        self._errors = 0
        self._end_s: Fraction | None = None
        self.decoded = 0
        self.trouble: str | None = None

    def __iter__(self) -> Iterator[Frame]:
        self.decoded, self._errors, self.trouble = 0, 0, None
        last_pts: int | None = None
        step = self._step()
        for picture in self._pictures():
            if self._stop is not None and self._stop():
                return
            index = self.decoded
            self.decoded += 1
            duration = max(0, picture.duration or 0)
            last_pts = _rising(picture, last_pts, step)
            if self._span is None or index in self._span:
                yield Frame(index, last_pts, duration, self._settled(picture))
            step = duration or step
            self._end_s = (last_pts + step) * self._clip.video.time_base
            if self._span is not None and index + 1 >= self._span.end and not self._count_rest:
                return
        self._judge()

    def _step(self) -> int:
        """Ticks from one frame to the next, as far as the container says."""
        video = self._clip.video
        return max(1, round(1 / (video.rate * video.time_base))) if video.rate else 1

    def _pictures(self) -> Iterator[av.VideoFrame]:
        """By the card that is to decode, as long as it does what the CPU would; by the CPU from there on."""
        if (card := acceleration.card()) is not None:
            try:
                yield from self._by_card(card)
                return
            except acceleration.Unfit as reason:
                _LOG.debug("%s: decoded by the CPU from picture %d on: %s", self._clip.path, self.decoded, reason)
        yield from islice(self._by_cpu(), self.decoded, None)

    def _by_card(self, card: int) -> Iterator[av.VideoFrame]:
        """Raises acceleration.Unfit, also where the first picture is another than the CPU's."""
        path, stream = self._clip.path, self._clip.video.index
        for number, picture in enumerate(acceleration.pictures(path, stream, card)):
            if number == 0:
                with closing(self._by_cpu()) as pictures:
                    if not _same(self._settled(picture), self._settled(next(pictures, picture))):
                        raise acceleration.Unfit("its first picture is another")
            yield picture

    def _by_cpu(self) -> Generator[av.VideoFrame, None, None]:
        path, index = self._clip.path, self._clip.video.index
        try:
            container = av.open(path, metadata_errors="replace")
        except (FFmpegError, OSError) as error:
            raise InputError(f"{path} cannot be read any more: {error.strerror or error}.") from error
        with container:
            stream = container.streams[index]
            assert isinstance(stream, av.VideoStream)
            for other in container.streams:
                if other.index != index:
                    other.discard = Discard.all
            stream.codec_context.thread_type = ThreadType.AUTO
            yield from self._decode(container, stream)

    def _decode(self, container: InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
        packets = container.demux(stream)
        in_a_row = 0
        while in_a_row < _HOPELESS_PACKETS:
            try:
                packet = next(packets, None)
            except (FFmpegError, OSError) as error:
                self._note(error)
                packet = None
            try:
                pictures = stream.decode(packet)
                in_a_row = 0
            except EOFError:
                return
            except (FFmpegError, OSError) as error:
                self._note(error)
                in_a_row += 1
                pictures = []
            for picture in pictures:
                if picture.width > 0 and picture.height > 0 and picture.planes:
                    yield picture
            if packet is None:
                return

    def _note(self, error: Exception) -> None:
        self._errors += 1
        _LOG.debug("%s: %s", self._clip.path, error)

    def _settled(self, picture: av.VideoFrame) -> av.VideoFrame:
        """The picture in the clip's size and in a pixel format that `planes` knows."""
        video = self._clip.video
        upside_down = any(plane.line_size < 0 for plane in picture.planes)
        name = "gbrp" if upside_down and video.pixel_format != "gbrp" else video.pixel_format
        if (picture.width, picture.height) == (video.width, video.height) and picture.format.name == name:
            return picture
        return picture.reformat(width=video.width, height=video.height, format=canonical_name(name))

    def _judge(self) -> None:
        declared, declared_s = self._clip.video.declared_frames, self._clip.video.duration_s
        name = self._clip.path.name
        if self.decoded == 0:
            self.trouble = f"{name}: not one picture could be decoded."
        elif self._errors:
            of = f" of {declared}" if declared and declared > self.decoded else ""
            self.trouble = f"{name} is damaged: {self.decoded}{of} frames could be decoded; the others are left out."
        elif declared and self.decoded < declared - max(2, declared // 100):
            self.trouble = f"{name} is cut short: {self.decoded} of {declared} frames are there."
        elif not declared and declared_s and self._end_s is not None and self._end_s < declared_s * Fraction(9, 10):
            self.trouble = f"{name} declares {float(declared_s):.1f} s, but its pictures end at {float(self._end_s):.1f} s."


def _same(a: av.VideoFrame, b: av.VideoFrame) -> bool:
    if (a.pts, a.duration, a.format.name, a.width, a.height) != (b.pts, b.duration, b.format.name, b.width, b.height):
        return False
    layout = layout_of(a.format.name)
    if layout is None or alpha(a) is not None:
        return False
    return all(np.array_equal(one, other) for one, other in zip(components(a, layout), components(b, layout), strict=True))


def _rising(picture: av.VideoFrame, last_pts: int | None, step: int) -> int:
    pts = picture.pts if picture.pts is not None else picture.dts
    if last_pts is None:
        return 0 if pts is None else pts
    if pts is None:
        return last_pts + step
    return max(pts, last_pts + 1)


def decode(
    clip: ClipInfo, span: Span | None = None, *, stop: Callable[[], bool] | None = None, count_rest: bool = False
) -> Decoder:
    """Frames of a clip as an iterable that also knows how it went; see `Decoder`."""
    return Decoder(clip, span, stop=stop, count_rest=count_rest)
