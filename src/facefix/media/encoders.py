"""Which encoder, pixel format and options a result is written with.

A codec is one line of `_FAMILIES`, and nothing else names it, except where the codec itself has a quirk.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import cv2
from av.codec import Codec
from av.error import FFmpegError

from facefix.errors import SettingsError
from facefix.media.formats import losses, nearest_format
from facefix.media.planes import layout_of
from facefix.types import ClipInfo, VideoInfo

Options = dict[str, str]


@dataclass(frozen=True, slots=True)
class EncodeSpec:
    """What the user asked for."""

    codec: str | None = None
    """libavcodec's name of an encoder, or of a codec ("h264"); None: the codec of the source."""
    crf: int | None = None
    """Quality: lower is better; None: visually lossless for that codec. No effect on lossless and ProRes encoders."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """What will be used."""

    name: str
    pixel_format: str
    options: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """Sentences for the user about what the encoder cannot keep."""


_USUAL_PX = (640, 360)
"""That every encoder takes."""

# cv2.CPU_AVX_512F, which some builds of OpenCV do not name.
_AVX512 = 13

_OptionMaker = Callable[[VideoInfo, int | None], Options]


def _x264(video: VideoInfo, crf: int | None) -> Options:
    # CRF 16 is visually lossless; "medium" does 55 frames of 720p a second on two cores, far more than repair needs.
    options = {"crf": str(16 if crf is None else crf), "preset": "medium"}
    if cv2.checkHardwareSupport(_AVX512):
        # With its AVX-512 code, x264 165 writes other bytes from run to run where a line has no multiple of 8 macroblocks.
        # Told the older instructions, it writes the same as without any.
        options["x264-params"] = "asm=avx2"
    return options


def _x265(video: VideoInfo, crf: int | None) -> Options:
    # log-level: x265 prints its banner past libavutil's log.
    return {"crf": str(17 if crf is None else crf), "preset": "medium", "x265-params": "log-level=error"}


def _svt_av1(video: VideoInfo, crf: int | None) -> Options:
    return {"crf": str(20 if crf is None else crf), "preset": "6"}


def _vp9(video: VideoInfo, crf: int | None) -> Options:
    return {"crf": str(18 if crf is None else crf), "b": "0", "deadline": "good", "cpu-used": "2", "row-mt": "1"}


def _vp8(video: VideoInfo, crf: int | None) -> Options:
    return {"crf": str(6 if crf is None else crf), "b": "50M", "deadline": "good", "cpu-used": "2"}


def _nvenc(video: VideoInfo, crf: int | None) -> Options:
    return {"preset": "p6", "rc": "vbr", "cq": str(17 if crf is None else crf), "b": "0"}


# libavcodec's names of ProRes profiles, in the numbering of prores_ks.
_PRORES = ("Proxy", "LT", "Standard", "HQ", "4444", "XQ")


def _prores(video: VideoInfo, crf: int | None) -> Options:
    name = video.profile or ""
    matching = [number for number, known in enumerate(_PRORES) if name.endswith(known)]
    options = {"vendor": "apl0", "profile": str(matching[-1] if matching else 3)}
    if "a" in video.pixel_format.split("p")[0]:
        options["alpha_bits"] = "16"
    return options


def _dnxhd(video: VideoInfo, crf: int | None) -> Options:
    name = (video.profile or "").lower().replace(" ", "_")
    return {"profile": name if name.startswith("dnxhr_") else "dnxhr_hqx" if video.bit_depth > 8 else "dnxhr_hq"}


def _ffv1(video: VideoInfo, crf: int | None) -> Options:
    return {"level": "3", "slicecrc": "1"}


def _mpeg(video: VideoInfo, crf: int | None) -> Options:
    # 118 is libavutil's FF_QP2LAMBDA: quantisers are given to these encoders in units of lambda.
    return {"flags": "+qscale", "global_quality": str(118 * (2 if crf is None else crf))}


# Encoder -> the codec it makes, and its options.
_FAMILIES: dict[str, tuple[str, _OptionMaker]] = {
    "libx264": ("h264", _x264),
    "libx264rgb": ("h264", _x264),
    "libx265": ("hevc", _x265),
    "libsvtav1": ("av1", _svt_av1),
    "libvpx-vp9": ("vp9", _vp9),
    "libvpx": ("vp8", _vp8),
    "prores_ks": ("prores", _prores),
    "dnxhd": ("dnxhd", _dnxhd),
    "ffv1": ("ffv1", _ffv1),
    "h264_nvenc": ("h264", _nvenc),
    "hevc_nvenc": ("hevc", _nvenc),
    "av1_nvenc": ("av1", _nvenc),
    "mpeg4": ("mpeg4", _mpeg),
    "mpeg2video": ("mpeg2video", _mpeg),
}

# Codecs that a source's own codec selects. Others (MPEG-4 part 2, MJPEG, WMV ...) become H.264, which is better and
# opens everywhere.
_SELF_CHOSEN = ("h264", "hevc", "av1", "vp9", "vp8", "prores", "dnxhd", "ffv1")
# What an unnamed codec falls back to, best first: the first one that the container holds.
_FALLBACKS = ("libx264", "libvpx-vp9", "mpeg2video", "mpeg4")
# Lossless intermediates stay lossless.
_LOSSLESS = {"rawvideo", "huffyuv", "ffvhuff", "utvideo", "v210", "v410", "png", "qtrle", "magicyuv"}

# Suffix -> libavformat's muxer. Spelled out because results are written under another suffix first, and because
# others (ASF, MXF, MPEG program streams, Ogg) do not keep the times of H.264 pictures.
_MUXERS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".qt": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".avi": "avi",
    ".ts": "mpegts",
    ".mts": "mpegts",
    ".m2ts": "mpegts",
    ".flv": "flv",
    ".3gp": "3gp",
    ".nut": "nut",
}


def muxer_of(path: Path) -> str:
    """libavformat's name of the container that `path` asks for by its suffix. Raises SettingsError."""
    try:
        return _MUXERS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(_MUXERS)
        raise SettingsError(f"{path.name}: no container has the suffix {path.suffix!r}; use {known}.") from None


def choose_encoder(clip: ClipInfo, out: Path, spec: EncodeSpec) -> Encoder:
    """The encoder for a result of `clip` at `out`.

    Without a codec in `spec` it is the source's, where this FFmpeg has an encoder for it and the container of `out`
    takes it; else H.264, else what the container takes. Bit depth and chroma subsampling are kept where the encoder
    can.

    Raises SettingsError: unknown codec, a codec the container cannot hold, an unknown suffix.
    """
    muxer = muxer_of(out)
    name = _named(spec.codec, clip.video) if spec.codec else _automatic(clip.video, muxer)
    if not _container_holds(muxer, name):
        raise SettingsError(f"{out.name}: a {out.suffix} file cannot hold {name}; choose another codec or suffix.")
    maker = _FAMILIES[name][1] if name in _FAMILIES else None
    if maker is None and spec.crf is not None:
        raise SettingsError(f"facefix does not know how to set the quality of {name}; leave --crf away.")
    source = clip.video.pixel_format
    chosen = _format_for(name, source)
    notes = losses(source, chosen, name)
    return Encoder(name, chosen, maker(clip.video, spec.crf) if maker else {}, notes)


def _format_for(name: str, source: str) -> str:
    """The pixel format that loses least. Hardware: of those that start, for FFmpeg names more than each card takes."""
    offered = [f.name for f in Codec(name, "w").video_formats or ()]
    best = nearest_format(source, offered)
    if not is_hardware(name):
        return best
    left = [one for one in offered if layout_of(one) is not None]
    while left:
        nearest = nearest_format(source, left)
        if _starts(name, nearest):
            return nearest
        left.remove(nearest)
    return best


@lru_cache
def _starts(name: str, pixel_format: str) -> bool:
    """Whether hardware is here that takes that format; asking it takes a while."""
    try:
        try_encoder(Encoder(name, pixel_format), *_USUAL_PX)
    except SettingsError:
        return False
    return True


def try_encoder(encoder: Encoder, width: int, height: int) -> None:
    """Start the encoder once and drop it. Raises SettingsError: no such hardware here, an option out of its range."""
    context: Any = av.CodecContext.create(encoder.name, "w")
    context.width, context.height, context.pix_fmt = width, height, encoder.pixel_format
    context.time_base, context.options = Fraction(1, 25), dict(encoder.options)
    try:
        context.open()
    except (FFmpegError, ValueError) as error:
        raise cannot_start(encoder, width, height, error) from error


def startable() -> dict[str, bool]:
    """Encoders that facefix can set, and whether they can be used here: hardware is tried, software only looked for."""
    found = {}
    for name in _FAMILIES:
        found[name] = _available(name)
        if found[name] and is_hardware(name):
            found[name] = _starts(name, "yuv420p")
    return found


def is_hardware(name: str) -> bool:
    """Whether that encoder is a part of a graphics card."""
    return name.endswith("_nvenc")


def cannot_start(encoder: Encoder, width: int, height: int, error: Exception) -> SettingsError:
    """One sentence for an encoder that FFmpeg has but that does not open."""
    reason = getattr(error, "strerror", None) or error
    return SettingsError(
        f"The encoder {encoder.name} cannot be started for {width}x{height} {encoder.pixel_format} ({reason}); "
        "choose another codec."
    )


def _available(name: str) -> bool:
    try:
        return Codec(name, "w").type == "video"
    except (FFmpegError, ValueError):
        return False


def _named(codec: str, video: VideoInfo) -> str:
    """The encoder for a name the user gave: an encoder's, or a codec's."""
    of_codec = [encoder for encoder, (made, _) in _FAMILIES.items() if made == codec and _available(encoder)]
    if of_codec:
        return of_codec[0]
    if _available(codec):
        return codec
    known = ", ".join(encoder for encoder in _FAMILIES if _available(encoder))
    raise SettingsError(f"{codec!r} is no video encoder of this FFmpeg; there are {known}.")


def _automatic(video: VideoInfo, muxer: str) -> str:
    wanted = []
    if video.codec in _SELF_CHOSEN:
        wanted = [name for name, (made, _) in _FAMILIES.items() if made == video.codec and "nvenc" not in name]
    layout = layout_of(video.pixel_format)
    if video.codec == "h264" and layout is not None and layout.kind == "rgb":
        wanted.reverse()
    if video.codec in _LOSSLESS and muxer not in {"mp4", "3gp"}:
        # FFmpeg would put FFV1 into mp4, but no player takes it out.
        wanted = ["ffv1"]
    for name in (*wanted, *_FALLBACKS):
        if _available(name) and _container_holds(muxer, name):
            return name
    raise SettingsError(f"No encoder of this FFmpeg fits a {muxer} file; choose another suffix for the output.")


def _container_holds(muxer: str, encoder: str) -> bool:
    try:
        with av.open(io.BytesIO(), "w", format=muxer) as container:
            container.add_mux_stream(encoder, rate=25, width=64, height=64)
            if muxer == "mov":
                # Its table of codecs promises more than its header takes (AV1, VP9).
                container.start_encoding()
    except (ValueError, FFmpegError):
        return False
    return True
