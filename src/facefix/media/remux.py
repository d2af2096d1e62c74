"""A clip that needs no repair: its streams are copied, not encoded again."""

from __future__ import annotations

import shutil
from pathlib import Path

from av.error import FFmpegError

from facefix.media.container import (
    PartFile,
    StreamCopies,
    copy_description,
    muxer_options,
    open_part,
    output_error,
)
from facefix.media.encoders import muxer_of
from facefix.types import ClipInfo


def remux(clip: ClipInfo, out: Path) -> tuple[str, ...]:
    """Copy `clip` to `out` without touching a packet. Returns sentences about streams the container cannot hold.

    The same suffix means the same bytes: the file is copied. Another suffix means the same packets and timestamps
    in another container. A range of frames cannot be copied that way (it would have to start at a key frame); write
    it with `Writer`.

    Raises SettingsError (unknown suffix), OutputError.
    """
    out = Path(out)
    part = PartFile(out, clip.path)
    notes: tuple[str, ...] = ()
    try:
        if out.suffix.lower() == clip.path.suffix.lower():
            shutil.copyfile(clip.path, part.path)
        else:
            notes = _copy_packets(clip, part)
        part.publish()
    except BaseException as error:
        part.discard()
        if isinstance(error, (FFmpegError, OSError, shutil.Error)):
            raise output_error(out, error) from error
        raise
    return notes


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
