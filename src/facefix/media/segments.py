"""A result in parts: each is encoded for itself, so that it can be kept; all are joined without encoding again.

A part is the bytes of its packets in one file, and their `Stamp`s, which belong into a file that says the part is whole.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple

import av
from av.container import OutputContainer
from av.error import FFmpegError

from facefix.media.container import output_error
from facefix.media.encode import EncodeSpec, Writer
from facefix.media.encoders import muxer_of
from facefix.media.pictures import PictureStream
from facefix.types import ClipInfo, Frame, Pixels


class Stamp(NamedTuple):
    """What a packet is besides its bytes; times in the clock of the result."""

    size: int
    pts: int
    duration: int
    key: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive pictures, encoded for themselves."""

    path: Path
    """The packets' bytes, one behind the other."""
    stamps: tuple[Stamp, ...]
    """In the order of decoding."""


class SegmentWriter:
    """A context that encodes consecutive frames into the file of a `Segment`; the first one is a key frame.

    start_pts: of the source, which is time 0 of the whole result. The file is complete, and on the disk, when the context ends
    without an exception; otherwise it is removed. Raises SettingsError, OutputError.
    """

    def __init__(
        self,
        clip: ClipInfo,
        out: Path,
        spec: EncodeSpec,
        path: Path,
        *,
        size: tuple[int, int] | None = None,
        start_pts: int = 0,
    ) -> None:
        """out: the result, whose suffix says what container the packets are for. path: of the segment."""
        self._clip, self._out, self._path = clip, out, path
        self._pictures = PictureStream(clip, out, spec, size=size, start_pts=start_pts)
        self._stamps: list[Stamp] = []
        self._file: IO[bytes] | None = None
        self._container: OutputContainer | None = None

    @property
    def segment(self) -> Segment:
        """What was written, after the context."""
        return Segment(self._path, tuple(self._stamps))

    def __enter__(self) -> SegmentWriter:
        # Some encoders write their headers as the container wants them, so they are told of it; it stays empty.
        container = self._container = av.open(io.BytesIO(), "w", format=muxer_of(self._out))
        with av.open(self._clip.path, metadata_errors="replace") as source:
            self._pictures.declare(container, source.streams[self._clip.video.index])
        self._pictures.start()
        try:
            self._file = self._path.open("wb")
        except OSError as error:
            raise output_error(self._path, error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._file is not None
        try:
            if error is None:
                self._put(self._pictures.rest())
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
        except (FFmpegError, OSError) as failure:
            error = output_error(self._path, failure)
            raise error from failure
        finally:
            if error is not None:
                self._file.close()
                self._path.unlink(missing_ok=True)

    def write(self, frame: Frame) -> None:
        """As `Writer.write`."""
        self._put(self._pictures.packets(frame))

    def write_rgb(self, pixels: Pixels, like: Frame) -> None:
        """As `Writer.write_rgb`."""
        self._put(self._pictures.packets_of(pixels, like))

    def _put(self, packets: Sequence[av.Packet]) -> None:
        assert self._file is not None
        for packet in packets:
            content = bytes(packet)
            try:
                self._file.write(content)
            except OSError as error:
                raise output_error(self._path, error) from error
            self._stamps.append(Stamp(len(content), packet.pts or 0, packet.duration or 0, packet.is_keyframe))


def join(
    clip: ClipInfo,
    out: Path,
    spec: EncodeSpec,
    segments: Sequence[Segment],
    like: Frame,
    *,
    size: tuple[int, int] | None = None,
    span_pts: tuple[int, int] | None = None,
) -> list[str]:
    """Write the result of which the segments are the pictures, in order. Returns sentences about what could not be kept.

    Everything else is as `Writer` has it. like: some frame of the clip.

    Raises SettingsError, OutputError; OSError where a segment cannot be read.
    """
    times = _decoding_times([stamp.pts for segment in segments for stamp in segment.stamps])
    with Writer(clip, out, spec, size=size, span_pts=span_pts) as writer:
        writer.pictures.keep_display_matrix(like)
        done = 0
        for segment in segments:
            for packet, dts in zip(_packets(segment), times[done:], strict=False):
                packet.dts = dts
                writer.write_packet(packet)
            done += len(segment.stamps)
    return writer.notes


def _packets(segment: Segment) -> Iterator[av.Packet]:
    with segment.path.open("rb") as file:
        for stamp in segment.stamps:
            packet = av.Packet(file.read(stamp.size))
            packet.pts, packet.duration, packet.is_keyframe = stamp.pts, stamp.duration, stamp.key
            yield packet


def _decoding_times(pts: Sequence[int]) -> list[int]:
    """When packets are to be decoded whose pictures are shown at `pts`; both in the order of decoding.

    Every encoder counts its own delay from its own start, so its times would overlap those of the segment before. The rule is
    x264's: the n-th packet is decoded when the (n - delay)-th picture is shown; the first ones, earlier by the delay.
    """
    shown = sorted(pts)
    place = {moment: rank for rank, moment in enumerate(shown)}
    delay = max((n - place[moment] for n, moment in enumerate(pts)), default=0)
    ahead = shown[delay] - shown[0] if pts else 0
    return [shown[n - delay] if n >= delay else shown[n] - ahead for n in range(len(pts))]
