"""Tiny clips for tests, written with PyAV: every odd thing a real clip can be, in a few kilobytes.

Pictures are RGB arrays; `moving` and `scene` make some. Everything is deterministic.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

LOSSLESS_H264 = {"crf": "0", "preset": "ultrafast"}
LOSSLESS_HEVC = {"preset": "ultrafast", "x265-params": "lossless=1:log-level=none"}


@dataclass(frozen=True)
class Recipe:
    """How a clip is written; the defaults give 12 frames of 96x64 H.264 at 25 frames per second, lossless."""

    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    options: dict[str, str] = field(default_factory=lambda: dict(LOSSLESS_H264))
    time_base: Fraction = Fraction(1, 12800)
    rate: Fraction = Fraction(25)
    pts: Sequence[int] | None = None
    """One per picture; None: constant rate from 0."""
    durations: Sequence[int] | None = None
    rotation: int = 0
    """Clockwise degrees to display by."""
    audio_tracks: int = 0
    audio_codec: str = "aac"
    audio_start_s: Fraction = Fraction(0)
    subtitle: str | None = None
    """Codec name of a subtitle track, "subrip" for Matroska."""
    chapters: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    colour: tuple[int, int, int, int] = (2, 2, 2, 0)
    """Primaries, transfer, matrix (H.273), range (libavutil)."""
    aspect: Fraction | None = None
    container_options: dict[str, str] = field(default_factory=dict)


def moving(frames: int = 12, width: int = 96, height: int = 64, seed: int = 0) -> list[np.ndarray]:
    """Smooth coloured waves that drift; frame n carries its number as the grey level 16 * n in the top left 16x16."""
    phase = np.random.default_rng(seed).uniform(0, 6, 3)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    pictures = []
    for number in range(frames):
        waves = [np.sin((x * (c + 1) + y * (3 - c)) / 25 + phase[c] + number / 9) for c in range(3)]
        picture = (128 + 70 * np.stack(waves, axis=-1)).astype(np.uint8)
        picture[:16, :16] = 16 * (number % 16)
        pictures.append(picture)
    return pictures


def number_in(pixels: np.ndarray) -> int:
    """The number that `moving` wrote into a picture."""
    return round(float(pixels[4:12, 4:12].astype(np.float32).mean()) / (257 if pixels.dtype == np.uint16 else 1) / 16)


def write_clip(path: Path, pictures: Iterable[np.ndarray] | None = None, recipe: Recipe | None = None) -> Path:
    """Write `pictures` (default: `moving()`) to `path` and return it."""
    recipe = recipe or Recipe()
    pictures = list(moving() if pictures is None else pictures)
    options = dict(recipe.container_options)
    if path.suffix in {".mp4", ".mov"}:
        options.setdefault("video_track_timescale", str(recipe.time_base.denominator))
    with av.open(path, "w", container_options=options) as container:
        container.metadata.update(recipe.metadata)
        stream = _video_stream(container, recipe, pictures[0].shape)
        audio = [_audio_stream(container, recipe, track) for track in range(recipe.audio_tracks)]
        subtitle = _subtitle_stream(container, recipe.subtitle) if recipe.subtitle else None
        if recipe.chapters:
            container.set_chapters(_chapters())
        for number, picture in enumerate(pictures):
            container.mux(stream.encode(as_frame(picture, recipe, number)))
        container.mux(stream.encode(None))
        length_s = Fraction(len(pictures)) / recipe.rate
        for track, sound in enumerate(audio):
            _write_tone(container, sound, 300 + 200 * track, length_s, recipe.audio_start_s)
        if subtitle is not None:
            _write_lines(container, subtitle)
    return path


def as_frame(picture: np.ndarray, recipe: Recipe, number: int) -> av.VideoFrame:
    """The picture as the encoder gets it: in the recipe's format, matrix and range, with its time."""
    tick = Fraction(1) / (recipe.rate * recipe.time_base)
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    # Neither PyAV 17's names nor its `reformat` know BT.2020 (9): there the frame's own tag decides.
    frame.colorspace = 9 if recipe.colour[2] == 9 else frame.colorspace
    matrix = {1: Colorspace.ITU709, 9: 9, 7: Colorspace.SMPTE240M}.get(recipe.colour[2], Colorspace.SMPTE170M)
    full = recipe.colour[3] == 2 or recipe.pixel_format.startswith("yuvj")
    frame = frame.reformat(
        format=recipe.pixel_format,
        dst_colorspace=matrix,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
        interpolation="BILINEAR",
    )
    frame.pts = round(number * tick) if recipe.pts is None else recipe.pts[number]
    frame.duration = round(tick) if recipe.durations is None else recipe.durations[number]
    frame.time_base = recipe.time_base
    return frame


def truncated(path: Path, out: Path, share: float) -> Path:
    """The first `share` of a file's bytes."""
    data = path.read_bytes()
    out.write_bytes(data[: int(len(data) * share)])
    return out


def _video_stream(container, recipe: Recipe, shape: tuple[int, ...]):
    stream = container.add_stream(recipe.codec, rate=recipe.rate, options=dict(recipe.options), time_base=recipe.time_base)
    context = stream.codec_context
    context.width, context.height = shape[1], shape[0]
    context.pix_fmt = recipe.pixel_format
    context.flags |= 1 << 8
    context.color_primaries, context.color_trc, context.colorspace, context.color_range = recipe.colour
    if recipe.aspect is not None:
        context.sample_aspect_ratio = recipe.aspect
    if recipe.rotation:
        stream.set_display_rotation(-recipe.rotation)
    return stream


def _audio_stream(container, recipe: Recipe, track: int):
    stream = container.add_stream(recipe.audio_codec, rate=48000)
    stream.codec_context.layout = "mono"
    stream.metadata["language"] = ("eng", "deu", "fra")[track % 3]
    stream.metadata["title"] = f"track {track}"
    stream.disposition = 1 if track == 0 else 0
    return stream


def _write_tone(container, stream, hertz: int, length_s: Fraction, start_s: Fraction) -> None:
    size = stream.codec_context.frame_size or 1024
    for first in range(0, int(length_s * 48000), size):
        wave = np.sin(np.arange(first, first + size) * (2 * np.pi * hertz / 48000)).astype(np.float32) * 0.3
        name = stream.codec_context.format.name
        samples = wave[None] if name.startswith("flt") else (wave[None] * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples, format=name, layout="mono")
        frame.sample_rate, frame.time_base = 48000, Fraction(1, 48000)
        frame.pts = first + int(start_s * 48000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _subtitle_stream(container, codec: str):
    stream = container.add_mux_stream(codec)
    stream.time_base = Fraction(1, 1000)
    stream.metadata["language"] = "swe"
    return stream


def _write_lines(container, stream) -> None:
    for first_ms, line in ((40, "first"), (240, "second")):
        packet = av.Packet(line.encode())
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = first_ms
        packet.duration = 120
        container.mux(packet)


def _chapters() -> list:
    unit = Fraction(1, 1000)
    return [
        {"id": 0, "start": 0, "end": 200, "time_base": unit, "metadata": {"title": "Intro"}},
        {"id": 1, "start": 200, "end": 480, "time_base": unit, "metadata": {"title": "Schluß"}},
    ]
