"""Frames into a file: the picture is encoded, everything else of the source is kept."""

from __future__ import annotations

import logging
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.reformatter import ColorRange

from facefix.errors import FacefixError, OutputError
from facefix.media.colour import as_coded, from_rgb
from facefix.media.container import (
    PartFile,
    StreamCopies,
    copy_description,
    kept_metadata,
    muxer_options,
    open_part,
    output_error,
)
from facefix.media.encoders import Encoder, EncodeSpec, cannot_start, choose_encoder, muxer_of, try_encoder
from facefix.media.matrices import (
    SWS_ACCURATE,
    SWS_BICUBIC,
    SWS_FULL_CHROMA_IN,
    SWS_FULL_CHROMA_OUT,
    effective_matrix,
    is_full_range,
    swscale_matrix,
)
from facefix.media.planes import duplicate, enlarge_alpha, layout_of, padded
from facefix.types import ClipInfo, ColourTags, Frame, Pixels

__all__ = ["EncodeSpec", "Encoder", "Writer", "choose_encoder", "try_encoder"]

_LOG = logging.getLogger(__name__)

# libavcodec's AV_CODEC_FLAG_FRAME_DURATION and _INTERLACED_DCT; PyAV has no names for them.
_FLAG_FRAME_DURATION = 1 << 8
_FLAG_INTERLACED = 1 << 18
# No encoder delays a picture by so many seconds.
_ABSURD_DELAY_S = 1000
_SCALE = SWS_BICUBIC | SWS_FULL_CHROMA_OUT | SWS_FULL_CHROMA_IN | SWS_ACCURATE


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
        self._rotation = clip.video.rotation
        width, height = size or clip.video.display_size
        self._width, self._height = (width, height) if self._rotation % 180 == 0 else (height, width)
        self._resized = (self._width, self._height) != (clip.video.width, clip.video.height)
        self._span_pts = span_pts
        self._start_pts = span_pts[0] if span_pts else 0
        self._muxer = muxer_of(out)
        self._unit = clip.video.time_base
        if self._muxer == "avi":
            # AVI stores no times: every picture lasts one unit, so the unit has to be a frame.
            self._unit = 1 / (clip.video.rate or Fraction(25))
        self.encoder = choose_encoder(clip, out, spec or EncodeSpec())
        self.frames = 0
        self.notes: list[str] = list(self.encoder.notes)
        self._tags = _output_tags(clip, self.encoder.pixel_format)
        self._part = PartFile(out, clip.path)
        self._copies: StreamCopies | None = None
        self._container: OutputContainer | None = None
        self._stream: Any = None

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
        if self._resized:
            raise ValueError("a resized result takes pixels, not frames of the source: use write_rgb")
        same = frame.picture.format.name == self.encoder.pixel_format
        self._encode(duplicate(frame.picture) if same else self._converted(frame.picture), frame)

    def write_rgb(self, pixels: Pixels, like: Frame) -> None:
        """Encode upright (H, W, 3) RGB of the result's size, uint8 or uint16, at the time of `like`.

        A result as wide for its height as `like` gets its opacity too.

        Raises OutputError; ValueError where the size is another.
        """
        coded = as_coded(pixels, self._rotation)
        if coded.shape[:2] != (self._height, self._width):
            raise ValueError(f"pixels are {pixels.shape[1]}x{pixels.shape[0]}, not of the size of the result")
        codec = self._stream.codec_context.codec.canonical_name
        picture = from_rgb(coded, self.encoder.pixel_format, self._tags, codec)
        if self._width * like.picture.height == self._height * like.picture.width:
            enlarge_alpha(like.picture, picture)
        self._encode(picture, like)

    def _open(self) -> None:
        window = None
        unit = self._clip.video.time_base
        if self._span_pts is not None:
            window = (self._span_pts[0] * unit, self._span_pts[1] * unit)
        self._copies = StreamCopies(self._clip.path, self._clip.video.index, window)
        options = muxer_options(self._muxer, self._copies.container, unit)
        container = self._container = open_part(self._part, self._muxer, options)
        copy_description(self._copies.container, container)
        self._copies.add_to(container, self._muxer, self._add_stream)
        self.notes.extend(self._copies.notes)
        try:
            self._stream.codec_context.open()
        except (FFmpegError, ValueError) as error:
            raise cannot_start(self.encoder, self._width, self._height, error) from error

    def _add_stream(self) -> None:
        assert self._container is not None and self._copies is not None
        video = self._clip.video
        template: Any = self._copies.template
        rate = video.rate or Fraction(25)
        options = dict(self.encoder.options)
        if self._muxer == "avi":
            # Without times, pictures must be stored in the order they are shown.
            options["bf"] = "0"
        stream: Any = self._container.add_stream(self.encoder.name, rate=rate, options=options, time_base=self._unit)
        context: Any = stream.codec_context
        odd_x, odd_y = self._padding()
        context.width, context.height = self._width + odd_x, self._height + odd_y
        if odd_x or odd_y:
            self.notes.append(
                f"{self.encoder.name} needs an even size: {context.width}x{context.height}, the last line repeated."
            )
        context.pix_fmt = self.encoder.pixel_format
        context.flags |= _FLAG_FRAME_DURATION
        # PyAV tells the order of fields from version 18 on (Python 3.11); interlaced clips of older systems lose it.
        field_order = getattr(template.codec_context, "field_order", 0)
        if field_order > 1:
            context.field_order = field_order
            context.flags |= _FLAG_INTERLACED
        context.color_primaries, context.color_trc = self._tags.primaries, self._tags.transfer
        context.colorspace, context.color_range = self._tags.matrix, self._tags.range
        if video.sample_aspect_ratio is not None:
            context.sample_aspect_ratio = video.sample_aspect_ratio
        if context.codec.canonical_name == "hevc" and self._muxer in {"mp4", "mov"}:
            # Apple's players open HEVC only under this tag.
            context.codec_tag = "hvc1"
        stream.metadata.update(kept_metadata(template.metadata))
        stream.disposition = template.disposition
        if self._rotation:
            stream.set_display_rotation(-self._rotation)
        self._stream = stream

    def _padding(self) -> tuple[int, int]:
        """Columns and lines to add: these encoders only take whole chroma samples."""
        layout = layout_of(self.encoder.pixel_format)
        if layout is None or self.encoder.name in {"ffv1", "libvpx", "libvpx-vp9", "mpeg4", "mpeg2video", "prores_ks"}:
            return 0, 0
        return -self._width % (1 << layout.sub_x), -self._height % (1 << layout.sub_y)

    def _converted(self, picture: av.VideoFrame) -> av.VideoFrame:
        """The picture in the encoder's pixel format, in the matrix and range that the result declares or implies."""
        name = self.encoder.pixel_format
        source, target = layout_of(picture.format.name), layout_of(name)
        tags = self._clip.video.colour
        full_in = source is not None and is_full_range(tags, source)
        full_out = target is not None and is_full_range(self._tags, target)
        converted = picture.reformat(
            format=name,
            src_colorspace=swscale_matrix(effective_matrix(tags, picture.width, picture.height), picture),
            dst_colorspace=swscale_matrix(effective_matrix(self._tags, self._width, self._height), picture),
            src_color_range=ColorRange.JPEG if full_in else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG if full_out else ColorRange.MPEG,
            interpolation=_SCALE,
            threads=1,
        )
        return converted if converted is not picture else duplicate(picture)

    def _encode(self, picture: av.VideoFrame, frame: Frame) -> None:
        assert self._container is not None
        picture = padded(picture, *self._padding())
        picture.pict_type = 0
        scale = self._clip.video.time_base / self._unit
        picture.time_base = self._unit
        picture.pts = round((frame.pts - self._start_pts) * scale)
        picture.duration = round(frame.duration * scale)
        picture.colorspace, picture.color_range = self._tags.matrix, self._tags.range
        try:
            if self.frames == 0:
                self._keep_display_matrix(frame.picture)
            self._mux(self._stream.encode(picture))
        except (FFmpegError, OSError) as error:
            raise output_error(self._part.target, error) from error
        self.frames += 1

    def _keep_display_matrix(self, picture: Any) -> None:
        """The source's own matrix, which may also mirror; its offsets fit only a picture of the source's size."""
        matrix = next((data for data in picture.side_data if data.type.name == "DISPLAYMATRIX"), None)
        if matrix is not None and not self._resized:
            self._stream.set_display_matrix(np.frombuffer(matrix, np.int32).tolist())

    def _mux(self, packets: list[av.Packet]) -> None:
        assert self._container is not None
        start_s = self._start_pts * self._clip.video.time_base
        for packet in packets:
            if packet.dts is not None and packet.pts is not None:
                delay = packet.pts - packet.dts
                if not 0 <= delay * self._unit < _ABSURD_DELAY_S:
                    # libx265, as PyAV 18.1 carries it, leaves the decoding times of a two-frame clip uninitialised.
                    packet.dts = packet.pts
            stamp = packet.dts if packet.dts is not None else packet.pts
            if stamp is not None:
                self._copy_until(stamp * self._unit + start_s)
            self._container.mux(packet)

    def _copy_until(self, moment_s: Fraction | None) -> None:
        assert self._container is not None and self._copies is not None
        for packet in self._copies.until(moment_s):
            self._container.mux(packet)

    def _finish(self) -> None:
        assert self._container is not None and self._copies is not None
        if self.frames == 0:
            raise OutputError(f"{self._part.target} was not written: not one frame was given.")
        self._mux(self._stream.encode(None))
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


def _output_tags(clip: ClipInfo, pixel_format: str) -> ColourTags:
    """The source's tags; where RGB becomes YUV the matrix is one of YUV, and the range limited."""
    tags = clip.video.colour
    source, target = layout_of(clip.video.pixel_format), layout_of(pixel_format)
    if source is None or target is None or source.kind == target.kind or target.kind == "gray":
        return tags
    if target.kind == "rgb":
        return ColourTags(tags.primaries, tags.transfer, 0, 2)
    return ColourTags(tags.primaries, tags.transfer, 1 if source.kind == "rgb" else tags.matrix, 1)
