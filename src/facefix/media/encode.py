"""Frames into a file: the picture is encoded, everything else of the source is kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
from av.container import OutputContainer
from av.error import FFmpegError

from facefix.errors import FacefixError, OutputError
from facefix.media.container import PartFile, StreamCopies, copy_description, muxer_options, open_part, output_error
from facefix.media.encoders import Encoder, EncodeSpec, choose_encoder, muxer_of, try_encoder
from facefix.media.pictures import PictureStream
from facefix.types import ClipInfo, Frame, Pixels

__all__ = ["EncodeSpec", "Encoder", "Writer", "choose_encoder", "try_encoder"]

_LOG = logging.getLogger(__name__)


class Writer:
    """A context that writes frames with their own timestamps; all other streams of the source are copied.

    Kept exactly: pts and durations (also variable ones), in the source's time base where the container allows;
    packets of sound, subtitles and data; tags, chapters, dispositions, languages; pixel aspect, rotation; colour
    tags, "unspecified" included. The file appears under its name only when the context ends without an exception;
    until then it is `<name>.part` beside it. Sound is read along with the picture, so memory does not grow.

    size: (width, height) as displayed, where it differs from the source's; then only `write_rgb` applies.
    span_pts: (first, behind the last) pts of a part: the result starts at time 0, sound outside the part is left out.

    After the context, `frames` is the number of frames written, `notes` holds sentences for the user about
    what could not be kept.

    Raises SettingsError (codec, suffix) and OutputError (disk full, permission, ...).
    """

    def __init__(
        self,
        clip: ClipInfo,
        out: Path,
        spec: EncodeSpec | None = None,
        *,
        size: tuple[int, int] | None = None,
        span_pts: tuple[int, int] | None = None,
    ) -> None:
        out = Path(out)
        self._clip = clip
        self._span_pts = span_pts
        start_pts = span_pts[0] if span_pts else 0
        self._start_s = start_pts * clip.video.time_base
        self._muxer = muxer_of(out)
        self.pictures = PictureStream(clip, out, spec or EncodeSpec(), size=size, start_pts=start_pts)
        self.frames = 0
        self.notes: list[str] = []
        self._part = PartFile(out, clip.path)
        self._copies: StreamCopies | None = None
        self._container: OutputContainer | None = None

    @property
    def encoder(self) -> Encoder:
        """What the pictures are encoded with."""
        return self.pictures.encoder

    def __enter__(self) -> Writer:
        try:
            self._open()
        except BaseException as error:
            self._abandon()
            if isinstance(error, (FFmpegError, OSError)) and not isinstance(error, FacefixError):
                raise output_error(self._part.target, error) from error
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self._abandon()
            return
        try:
            self._finish()
        except BaseException as failure:
            self._abandon()
            if isinstance(failure, (FFmpegError, OSError)):
                raise output_error(self._part.target, failure) from failure
            raise

    def write(self, frame: Frame) -> None:
        """Encode a frame of the source's size as it is; the frame is not changed. Raises OutputError."""
        self._put(lambda: self.pictures.packets(frame))

    def write_rgb(self, pixels: Pixels, like: Frame) -> None:
        """Encode upright (H, W, 3) RGB of the result's size, uint8 or uint16, at the time of `like`.

        Raises OutputError; ValueError where the size is another.
        """
        self._put(lambda: self.pictures.packets_of(pixels, like))

    def write_packet(self, packet: av.Packet) -> None:
        """Take a picture that was encoded before, by an encoder like this one, in the order of decoding. Raises OutputError."""
        self._put(lambda: [self.pictures.adopt(packet)])

    def _put(self, packets: Callable[[], list[av.Packet]]) -> None:
        try:
            self._mux(packets())
        except (FFmpegError, OSError) as error:
            raise output_error(self._part.target, error) from error
        self.frames += 1

    def _open(self) -> None:
        window = None
        unit = self._clip.video.time_base
        if self._span_pts is not None:
            window = (self._span_pts[0] * unit, self._span_pts[1] * unit)
        copies = self._copies = StreamCopies(self._clip.path, self._clip.video.index, window)
        options = muxer_options(self._muxer, copies.container, unit)
        container = self._container = open_part(self._part, self._muxer, options)
        copy_description(copies.container, container)
        copies.add_to(container, self._muxer, lambda: self.pictures.declare(container, copies.template))
        self.notes = [*self.pictures.notes, *copies.notes]
        self.pictures.start()

    def _mux(self, packets: Iterable[av.Packet]) -> None:
        assert self._container is not None
        for packet in packets:
            stamp = packet.dts if packet.dts is not None else packet.pts
            if stamp is not None:
                self._copy_until(stamp * self.pictures.unit + self._start_s)
            self._container.mux(packet)

    def _copy_until(self, moment_s: Fraction | None) -> None:
        assert self._container is not None and self._copies is not None
        for packet in self._copies.until(moment_s):
            self._container.mux(packet)

    def _finish(self) -> None:
        assert self._container is not None and self._copies is not None
        if self.frames == 0:
            raise OutputError(f"{self._part.target} was not written: not one frame was given.")
        self._mux(self.pictures.rest())
        self._copy_until(None)
        self._container.close()
        self._copies.close()
        self._part.publish()

    def _abandon(self) -> None:
        # Removed before it is closed, so that the muxer does not first rewrite gigabytes for the index in front;
        # and again afterwards, for systems on which an open file cannot be removed.
        self._part.discard()
        for resource in (self._container, self._copies):
            if resource is not None:
                try:
                    resource.close()
                except (FFmpegError, OSError, ValueError) as error:
                    _LOG.debug("closing %s: %s", self._part.path, error)
        self._part.discard()
