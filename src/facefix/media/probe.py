"""What a clip says about itself."""

from __future__ import annotations

import re
import stat
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition

from facefix.errors import InputError
from facefix.media.origin import origin
from facefix.media.planes import canonical_name
from facefix.types import ClipInfo, ColourTags, VideoInfo


def probe(path: Path) -> ClipInfo:
    """Open `path`, decode one picture, describe the clip.

    One picture is decoded because only a picture tells its rotation and its true size, and because a file whose
    first picture cannot be read is better refused here than after ten minutes.

    Raises InputError: missing, a folder, empty, no video inside, unreadable.
    """
    path = Path(path)
    _check_file(path)
    try:
        with av.open(path, metadata_errors="replace") as container:
            stream = main_video(container)
            if stream is None:
                raise InputError(_no_video(path, container))
            picture = _first_picture(container, stream)
            if picture is None:
                raise InputError(f"{path} holds a video stream, but not one picture of it can be decoded.")
            return _describe(path, container, stream, picture)
    except FFmpegError as error:
        raise InputError(f"{path} cannot be read as a video: {_reason(error)}.") from error


def main_video(container: InputContainer) -> av.VideoStream | None:
    """The first video stream that is no cover picture and has a decoder."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic and stream.codec_context is not None:
            return stream
    return None


def _check_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{path} is a folder; name a clip.")
        if not stat.S_ISREG(mode):
            raise InputError(f"{path} is no file but a pipe or device; save the clip to a file first.")
        with path.open("rb") as file:
            first = file.read(1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{path} does not exist.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}.") from error
    if not first:
        raise InputError(f"{path} is empty (0 bytes); the download or export may not have finished.")


def _no_video(path: Path, container: InputContainer) -> str:
    kinds = {stream.type for stream in container.streams}
    if any(s.type == "video" and not s.disposition & Disposition.attached_pic for s in container.streams):
        return f"{path} holds a video stream of a codec this build of FFmpeg cannot decode; convert it first."
    if "audio" in kinds:
        return f"{path} holds sound but no video."
    return f"{path} holds no video stream."


def _reason(error: FFmpegError) -> str:
    return (error.strerror or str(error)).rstrip(". ").lower()


def _first_picture(container: InputContainer, stream: av.VideoStream) -> av.VideoFrame | None:
    for packet in container.demux(stream):
        try:
            pictures = packet.decode()
        except (FFmpegError, EOFError):
            continue
        for picture in pictures:
            if isinstance(picture, av.VideoFrame) and picture.width > 0 and picture.height > 0:
                return picture
    return None


def _tagged_duration(stream: av.VideoStream) -> Fraction | None:
    """Matroska has no field for a track's length, but muxers leave it in a tag: 00:01:02.345000000."""
    match = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    return Fraction(match[3]) + 60 * int(match[2]) + 3600 * int(match[1]) if match else None


def _describe(path: Path, container: InputContainer, stream: av.VideoStream, picture: av.VideoFrame) -> ClipInfo:
    context = stream.codec_context
    if stream.time_base is None:
        raise InputError(f"{path} has a video stream without a time base.")
    duration_s = None if container.duration is None else Fraction(container.duration, 1_000_000)
    stream_s = _tagged_duration(stream) if stream.duration is None else stream.duration * stream.time_base
    rate = stream.average_rate or stream.guessed_rate
    video = VideoInfo(
        index=stream.index,
        codec=context.codec.canonical_name,
        profile=context.profile,
        width=picture.width,
        height=picture.height,
        pixel_format=canonical_name(picture.format.name),
        bit_depth=max(component.bits for component in picture.format.components),
        time_base=stream.time_base,
        rate=rate or None,
        declared_frames=stream.frames or None,
        duration_s=duration_s if stream_s is None else stream_s,
        rotation=round(-picture.rotation / 90) * 90 % 360,
        sample_aspect_ratio=stream.sample_aspect_ratio or None,
        colour=ColourTags(
            primaries=int(context.color_primaries),
            transfer=int(context.color_trc),
            matrix=int(context.colorspace),
            range=int(context.color_range),
        ),
    )
    return ClipInfo(
        path=path,
        container=container.format.name,
        video=video,
        audio_streams=len(container.streams.audio),
        subtitle_streams=len(container.streams.subtitles),
        duration_s=duration_s,
        origin=origin(path, container),
    )
