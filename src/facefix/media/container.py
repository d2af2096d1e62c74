"""What encoding and remuxing share: the file while it is unfinished, and the streams that are only copied."""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.stream import Discard, Disposition

from facefix.errors import FacefixError, OutputError

_LOG = logging.getLogger(__name__)

# Written by whoever muxed the source about that file; wrong or meaningless in another.
_STALE_KEYS = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "bps", "number_of_frames",
               "number_of_bytes", "_statistics")  # fmt: skip

# Tags that the mov/mp4 muxer writes in its own way; for any other it must be told to keep tags as they are.
_MP4_KEYS = {
    "title", "artist", "album_artist", "composer", "album", "date", "comment", "genre", "copyright", "grouping",
    "lyrics", "description", "synopsis", "show", "episode_id", "network", "keywords", "track", "disc", "media_type",
    "hd_video", "gapless_playback", "compilation", "episode_sort", "season_number", "sort_name", "sort_artist",
    "sort_album_artist", "sort_album", "sort_composer", "sort_show", "creation_time", "location", "timecode",
    "language", "handler_name", "vendor_id",
}  # fmt: skip


class PartFile:
    """A context in which a file is written under `<name>.part`, and named properly only when all went well.

    On any exception, also KeyboardInterrupt, the part is removed. Errors of the operating system and of FFmpeg
    become an OutputError of one sentence.
    """

    def __init__(self, target: Path, source: Path) -> None:
        self.target = Path(target)
        self.path = self.target.with_name(self.target.name + ".part")
        if self.target.is_dir():
            raise OutputError(f"{self.target} is a folder; give the result a file name.")
        if not self.target.parent.is_dir():
            raise OutputError(f"{self.target.parent} does not exist; make the folder or choose another.")
        if self.target.exists() and self.target.samefile(source):
            raise OutputError(f"{self.target} is the input itself; choose another name for the result.")

    def publish(self) -> None:
        """Give the finished file its name."""
        try:
            self.path.replace(self.target)
        except OSError as error:
            raise output_error(self.target, error) from error

    def discard(self) -> None:
        """Remove what was written so far."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def output_error(target: Path, error: BaseException) -> FacefixError:
    """One sentence for what the operating system or FFmpeg said while writing `target`."""
    number = getattr(error, "errno", None)
    known = {
        errno.ENOSPC: "the disk is full; free some space and run again",
        errno.EDQUOT: "the disk quota is used up; free some space and run again",
        errno.EFBIG: "the file system takes no file that large",
        errno.EACCES: "writing there is not permitted; choose another folder",
        errno.EPERM: "writing there is not permitted; choose another folder",
        errno.EROFS: "the folder is read-only; choose another",
        errno.ENOENT: "the folder is gone",
    }
    reason = known.get(number or 0) or getattr(error, "strerror", None) or str(error) or type(error).__name__
    return OutputError(f"{target} cannot be written: {reason}.")


def open_part(part: PartFile, muxer: str, options: dict[str, str]) -> OutputContainer:
    """The container for `part`, in the format of the final name. Raises OutputError."""
    try:
        part.path.unlink(missing_ok=True)
        with part.path.open("wb"):
            pass
        return av.open(part.path, "w", format=muxer, container_options=options)
    except (FFmpegError, OSError) as error:
        raise output_error(part.target, error) from error


def kept_metadata(metadata: dict[str, str]) -> dict[str, str]:
    """A container's or stream's tags without those that described the source file itself."""
    kept = {key: value for key, value in metadata.items() if not key.lower().startswith(_STALE_KEYS)}
    if "name" in kept:
        # The mov/mp4 demuxer calls a track's title "name"; every muxer, its own included, wants "title".
        kept.setdefault("title", kept.pop("name"))
    return kept


def muxer_options(muxer: str, source: InputContainer, time_base: Fraction | None) -> dict[str, str]:
    """Options that make the muxer keep the source's clocks and tags. `time_base`: the video stream's."""
    if muxer not in {"mp4", "mov", "3gp"}:
        return {}
    flags = "+faststart"
    if set(kept_metadata(source.metadata)) - _MP4_KEYS:
        flags += "+use_metadata_tags"
    options = {"movflags": flags}
    if time_base is not None and time_base.numerator == 1:
        options["video_track_timescale"] = str(time_base.denominator)
    clock = _common_clock(source)
    if clock is not None:
        options["movie_timescale"] = str(clock)
    return options


def _common_clock(source: InputContainer) -> int | None:
    """Ticks per second in which every stream's start can be told exactly; None where they would not fit 32 bits.

    The mov/mp4 muxer stores by how much a track starts late in this unit: with its default of 1000, sound would
    move against the picture by up to half a millisecond.
    """
    ticks = math.lcm(1000, *(s.time_base.denominator for s in source.streams if s.time_base is not None))
    length_s = (source.duration or 0) / 1_000_000 + 10
    return ticks if ticks * length_s < 2**31 else None


def copy_description(source: InputContainer, target: OutputContainer) -> None:
    """Tags of the container."""
    target.metadata.update(kept_metadata(source.metadata))


class StreamCopies:
    """All streams of a clip except one, copied packet by packet without decoding, in step with that one.

    window: (start, end) in seconds: packets outside are left out, times are counted from `start`; None: everything.
    Streams that the target cannot hold are left out and named in `notes`.
    """

    def __init__(self, source: Path, encoded_index: int, window: tuple[Fraction, Fraction] | None = None) -> None:
        self.container = av.open(source, metadata_errors="replace")
        self.template = self.container.streams[encoded_index]
        self.notes: list[str] = []
        self._window = window
        self._targets: dict[int, Any] = {}
        self._packets: Iterator[av.Packet] = iter(())
        self._waiting: av.Packet | None = None

    def add_to(self, target: OutputContainer, muxer: str, add_encoded: Callable[[], object] | None) -> None:
        """Declare the copies in `target`, in the source's order, with `add_encoded` called in place of the one stream.

        add_encoded: None copies that one as well.
        """
        for stream in self.container.streams:
            if stream.index == self.template.index and add_encoded is not None:
                add_encoded()
                stream.discard = Discard.all
            elif self._regenerated(stream):
                stream.discard = Discard.all
            elif container_takes(stream, muxer):
                self._targets[stream.index] = declare_copy(stream, target)
            else:
                stream.discard = Discard.all
                self.notes.append(
                    f"Stream {stream.index} ({stream.type}, {stream.name}) does not fit a {muxer} file; it is left out."
                )
        chapters = [moved for chapter in self.container.chapters() if (moved := self._moved_chapter(chapter))]
        if chapters:
            target.set_chapters(chapters)
        wanted = [s for s in self.container.streams if s.index in self._targets]
        self._packets = self.container.demux(wanted) if wanted else iter(())

    def _regenerated(self, stream: Any) -> bool:
        """Time code and chapter tracks of mov/mp4, which muxers write anew from the tags and chapters."""
        if stream.type != "data" or "mov" not in self.container.format.name:
            return False
        return stream.codec_context is None and ("timecode" in stream.metadata or bool(self.container.chapters()))

    def _moved_chapter(self, chapter: Any) -> Any:
        if self._window is None:
            return chapter
        unit = chapter["time_base"]
        start, end = (int(moment / unit) for moment in self._window)
        first, last = max(chapter["start"], start), min(chapter["end"], end)
        return {**chapter, "start": first - start, "end": last - start} if first < last else None

    def until(self, moment_s: Fraction | None) -> Iterator[av.Packet]:
        """Packets, ready to be muxed, that come no later than `moment_s` of the source; None: all that remain."""
        while True:
            packet = self._waiting or next(self._packets, None)
            self._waiting = None
            if packet is None:
                return
            if packet.dts is None and packet.pts is None:
                continue
            stamp = packet.dts if packet.dts is not None else packet.pts
            assert stamp is not None
            when = stamp * packet.time_base
            if moment_s is not None and when > moment_s:
                self._waiting = packet
                return
            if self._window is not None and when > self._window[1] + 10:
                # Streams are interleaved to within a few seconds, so nothing of the window can follow.
                self._packets = iter(())
                return
            if self._fit(packet):
                packet.stream = self._targets[packet.stream_index]
                yield packet

    def _fit(self, packet: av.Packet) -> bool:
        """Whether the packet lies in the window; its times are then counted from the window's start."""
        if self._window is None:
            return True
        unit = packet.time_base
        start, end = (int(moment / unit) for moment in self._window)
        pts = packet.pts if packet.pts is not None else packet.dts
        assert pts is not None
        if packet.stream.type == "subtitle" and pts < start < pts + (packet.duration or 0):
            packet.duration = pts + (packet.duration or 0) - start
            pts = packet.pts = packet.dts = start
        if not start <= pts < end:
            return False
        packet.pts = pts - start
        packet.dts = None if packet.dts is None else packet.dts - start
        return True

    def close(self) -> None:
        """Close the source."""
        self.container.close()


def declare_copy(stream: Any, target: OutputContainer) -> Any:
    """A stream in `target` that takes the packets of `stream` as they are, with its tags and disposition."""
    copy = target.add_stream_from_template(stream, opaque=True)
    copy.time_base = stream.time_base
    copy.metadata.update(kept_metadata(stream.metadata))
    copy.disposition = stream.disposition
    return copy


def container_takes(stream: Any, muxer: str) -> bool:
    """Whether the muxer can write the stream, found out by writing a header to memory."""
    if stream.type == "video" and stream.disposition & Disposition.attached_pic and muxer not in {"mp4", "mov"}:
        return False
    try:
        with av.open(io.BytesIO(), "w", format=muxer) as trial:
            declare_copy(stream, trial)
            trial.start_encoding()
    except (FFmpegError, ValueError, OSError) as error:
        _LOG.debug("stream %d does not fit %s: %s", stream.index, muxer, error)
        return False
    return True
