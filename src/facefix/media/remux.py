"""A clip that needs no repair: its streams are copied, not encoded again, where the result's container holds them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

from facefix.errors import SettingsError
from facefix.media.container import (
    PartFile,
    StreamCopies,
    container_takes,
    copy_description,
    muxer_options,
    open_part,
    output_error,
)
from facefix.media.encoders import muxer_of
from facefix.types import ClipInfo

# AVI last: it alone takes the sound of Windows Media, but stores no times.
_INSTEAD = (".mp4", ".mkv", ".avi")


def result_suffix(path: Path) -> str:
    """The suffix for a result of the clip at `path`: its own where facefix writes such files (see `encoders`).

    Else the first of `_INSTEAD` among those that hold most of the clip's sound and subtitles.
    """
    try:
        muxer_of(path)
    except SettingsError:
        pass
    else:
        return path.suffix
    try:
        with av.open(path, metadata_errors="replace") as source:
            others = [stream for stream in source.streams if stream.type in ("audio", "subtitle")]
            held = {suffix: _count_held(others, suffix) for suffix in _INSTEAD}
    except (FFmpegError, OSError):
        # Probing the clip will say what is wrong with it.
        return _INSTEAD[0]
    return max(held, key=lambda suffix: held[suffix])


def _count_held(streams: list[Any], suffix: str) -> int:
    muxer = muxer_of(Path(f"result{suffix}"))
    return sum(container_takes(stream, muxer) for stream in streams)


def can_copy(clip: ClipInfo, out: Path) -> bool:
    """Whether the pictures of `clip` fit the container of `out` as they are. Raises SettingsError (unknown suffix)."""
    if _same_container(clip, out):
        return True
    with av.open(clip.path, metadata_errors="replace") as source:
        return container_takes(source.streams[clip.video.index], muxer_of(out))


def remux(clip: ClipInfo, out: Path) -> tuple[str, ...]:
    """Copy `clip` to `out` without touching a packet. Returns sentences about streams the container cannot hold.

    Pictures, too, are left out where it cannot: ask `can_copy` first.

    The same suffix means the same bytes: the file is copied. Another suffix means the same packets and timestamps
    in another container. A range of frames cannot be copied that way (it would have to start at a key frame); write
    it with `Writer`.

    Raises SettingsError (unknown suffix), OutputError.
    """
    out = Path(out)
    if _same_container(clip, out):
        copy_file(clip.path, out)
        return ()
    with _published(out, clip.path) as part:
        return _copy_packets(clip, part)


def copy_file(source: Path, out: Path) -> None:
    """Copy a file byte by byte, whole or not at all. Raises OutputError."""
    with _published(out, source) as part:
        shutil.copyfile(source, part.path)


@contextlib.contextmanager
def _published(out: Path, source: Path) -> Iterator[PartFile]:
    """A file that gets its name when the context ends without an exception, and else is removed."""
    part = PartFile(out, source)
    try:
        yield part
        part.publish()
    except BaseException as error:
        part.discard()
        if isinstance(error, (FFmpegError, OSError, shutil.Error)):
            raise output_error(out, error) from error
        raise


def _same_container(clip: ClipInfo, out: Path) -> bool:
    return out.suffix.lower() == clip.path.suffix.lower()


def _copy_packets(clip: ClipInfo, part: PartFile) -> tuple[str, ...]:
    muxer = muxer_of(part.target)
    copies = StreamCopies(clip.path, clip.video.index)
    try:
        options = muxer_options(muxer, copies.container, clip.video.time_base)
        with open_part(part, muxer, options) as container:
            copy_description(copies.container, container)
            copies.add_to(container, muxer, None)
            for packet in copies.until(None):
                container.mux(packet)
    finally:
        copies.close()
    return tuple(copies.notes)
