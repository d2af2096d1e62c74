"""Frames into packets of one video stream, in the pixel format, colours and clock of the result."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.codec.context import ThreadType
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.reformatter import ColorRange

from facefix.media.colour import as_coded, from_rgb
from facefix.media.container import kept_metadata
from facefix.media.encoders import EncodeSpec, cannot_start, choose_encoder, muxer_of
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

# libavcodec's AV_CODEC_FLAG_FRAME_DURATION and _INTERLACED_DCT; PyAV has no names for them.
_FLAG_FRAME_DURATION = 1 << 8
_FLAG_INTERLACED = 1 << 18
# No encoder delays a picture by so many seconds.
_ABSURD_DELAY_S = 1000
_THREADS = 8
_SCALE = SWS_BICUBIC | SWS_FULL_CHROMA_OUT | SWS_FULL_CHROMA_IN | SWS_ACCURATE


class PictureStream:
    """The video stream of a result, and its encoder. Declare it in a container, `start` it, then ask for packets.

    size: (width, height) as displayed, where it differs from the source's; then only `packets_of` pixels apply.
    start_pts: of the source, which is time 0 of the result.

    `encoder` says what is used, `notes` holds sentences about what cannot be kept, `unit` is the clock of the packets.

    Raises SettingsError (codec, suffix).
    """

    def __init__(
        self, clip: ClipInfo, out: Path, spec: EncodeSpec, *, size: tuple[int, int] | None = None, start_pts: int = 0
    ) -> None:
        self._clip = clip
        self._rotation = clip.video.rotation
        width, height = size or clip.video.display_size
        self._width, self._height = (width, height) if self._rotation % 180 == 0 else (height, width)
        self._resized = (self._width, self._height) != (clip.video.width, clip.video.height)
        self._start_pts = start_pts
        self._muxer = muxer_of(out)
        self.unit = clip.video.time_base
        if self._muxer == "avi":
            # AVI stores no times: every picture lasts one unit, so the unit has to be a frame.
            self.unit = 1 / (clip.video.rate or Fraction(25))
        self.encoder = choose_encoder(clip, out, spec)
        self.notes: list[str] = list(self.encoder.notes)
        self._tags = _output_tags(clip, self.encoder.pixel_format)
        self._stream: Any = None
        self._matrix_kept = self._fed = False

    def declare(self, container: OutputContainer, template: Any) -> None:
        """Add the stream to `container`, with the tags and disposition of the source's stream `template`."""
        video = self._clip.video
        rate = video.rate or Fraction(25)
        options = dict(self.encoder.options)
        if self._muxer == "avi":
            # Without times, pictures must be stored in the order they are shown.
            options["bf"] = "0"
        stream: Any = container.add_stream(self.encoder.name, rate=rate, options=options, time_base=self.unit)
        context: Any = stream.codec_context
        odd_x, odd_y = self._padding()
        context.width, context.height = self._width + odd_x, self._height + odd_y
        if odd_x or odd_y:
            self.notes.append(
                f"{self.encoder.name} needs an even size: {context.width}x{context.height}, the last line repeated."
            )
        context.pix_fmt = self.encoder.pixel_format
        context.flags |= _FLAG_FRAME_DURATION
        # PyAV's default, threads that share a picture, compresses worse; and the number of threads changes what x264 and x265
        # write: one number everywhere makes every machine write the same.
        context.thread_type, context.thread_count = ThreadType.AUTO, _THREADS
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

    def start(self) -> None:
        """Open the encoder. Raises SettingsError where it cannot be."""
        try:
            self._stream.codec_context.open()
        except (FFmpegError, ValueError) as error:
            raise cannot_start(self.encoder, self._width, self._height, error) from error

    def packets(self, frame: Frame) -> list[av.Packet]:
        """Encode a frame of the source's size as it is; the frame is not changed."""
        if self._resized:
            raise ValueError("a resized result takes pixels, not frames of the source: use write_rgb")
        same = frame.picture.format.name == self.encoder.pixel_format
        return self._encoded(duplicate(frame.picture) if same else self._converted(frame.picture), frame)

    def packets_of(self, pixels: Pixels, like: Frame) -> list[av.Packet]:
        """Encode upright (H, W, 3) RGB of the result's size, uint8 or uint16, at the time of `like`.

        A result as wide for its height as `like` gets its opacity too. Raises ValueError where the size is another.
        """
        coded = as_coded(pixels, self._rotation)
        if coded.shape[:2] != (self._height, self._width):
            raise ValueError(f"pixels are {pixels.shape[1]}x{pixels.shape[0]}, not of the size of the result")
        codec = self._stream.codec_context.codec.canonical_name
        picture = from_rgb(coded, self.encoder.pixel_format, self._tags, codec)
        if self._width * like.picture.height == self._height * like.picture.width:
            enlarge_alpha(like.picture, picture)
        return self._encoded(picture, like)

    def rest(self) -> list[av.Packet]:
        """What the encoder still holds back; after this it takes no more pictures."""
        # An encoder that has seen no picture has nothing to give, and some do not like to be asked.
        return self._settled(self._stream.encode(None)) if self._fed else []

    def adopt(self, packet: av.Packet) -> av.Packet:
        """A packet that an encoder like this one made, bound to this stream."""
        packet.stream, packet.time_base = self._stream, self.unit
        return packet

    def keep_display_matrix(self, frame: Frame) -> None:
        """The source's own matrix, which may also mirror; its offsets fit only a picture of the source's size.

        To be called with any frame before the first packet is muxed; `packets` does it by itself.
        """
        if self._matrix_kept:
            return
        self._matrix_kept = True
        matrix = next((data for data in frame.picture.side_data if data.type.name == "DISPLAYMATRIX"), None)
        if matrix is not None and not self._resized:
            self._stream.set_display_matrix(np.frombuffer(matrix, np.int32).tolist())

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

    def _encoded(self, picture: av.VideoFrame, frame: Frame) -> list[av.Packet]:
        picture = padded(picture, *self._padding())
        picture.pict_type = 0
        scale = self._clip.video.time_base / self.unit
        picture.time_base = self.unit
        picture.pts = round((frame.pts - self._start_pts) * scale)
        picture.duration = round(frame.duration * scale)
        picture.colorspace, picture.color_range = self._tags.matrix, self._tags.range
        self.keep_display_matrix(frame)
        self._fed = True
        return self._settled(self._stream.encode(picture))

    def _settled(self, packets: list[av.Packet]) -> list[av.Packet]:
        for packet in packets:
            if packet.dts is not None and packet.pts is not None:
                delay = packet.pts - packet.dts
                if not 0 <= delay * self.unit < _ABSURD_DELAY_S:
                    # libx265, as PyAV 18.1 carries it, leaves the decoding times of a two-frame clip uninitialised.
                    packet.dts = packet.pts
        return packets


def _output_tags(clip: ClipInfo, pixel_format: str) -> ColourTags:
    """The source's tags; where RGB becomes YUV the matrix is one of YUV, and the range limited."""
    tags = clip.video.colour
    source, target = layout_of(clip.video.pixel_format), layout_of(pixel_format)
    if source is None or target is None or source.kind == target.kind or target.kind == "gray":
        return tags
    if target.kind == "rgb":
        return ColourTags(tags.primaries, tags.transfer, 0, 2)
    return ColourTags(tags.primaries, tags.transfer, 1 if source.kind == "rgb" else tags.matrix, 1)
