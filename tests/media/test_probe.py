"""What a clip says about itself, and what is refused with which sentence."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.clips import LOSSLESS_HEVC, Recipe, moving, write_clip

from facefix.errors import InputError
from facefix.media.probe import probe
from facefix.types import ColourTags


def test_describes_every_field(tmp_path: Path) -> None:
    recipe = Recipe(colour=(9, 16, 9, 1), codec="libx265", pixel_format="yuv420p10le", options=LOSSLESS_HEVC,
                    rotation=90, aspect=Fraction(4, 3), audio_tracks=2)  # fmt: skip
    clip = probe(write_clip(tmp_path / "Grüße 日本.mp4", recipe=recipe))
    video = clip.video
    assert (video.codec, video.pixel_format, video.bit_depth) == ("hevc", "yuv420p10le", 10)
    assert (video.width, video.height, video.rotation) == (96, 64, 90)
    assert video.display_size == (64, 96)
    assert video.time_base == Fraction(1, 12800)
    assert video.declared_frames == 12
    assert video.sample_aspect_ratio == Fraction(4, 3)
    assert video.colour == ColourTags(9, 16, 9, 1)
    assert (clip.audio_streams, clip.subtitle_streams) == (2, 0)
    assert video.duration_s == Fraction(12, 25)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_rotation(tmp_path: Path, rotation: int, suffix: str) -> None:
    path = write_clip(tmp_path / f"a{suffix}", moving(2), Recipe(rotation=rotation))
    assert probe(path).video.rotation == rotation


def test_unspecified_colour_stays_unspecified(tmp_path: Path) -> None:
    assert probe(write_clip(tmp_path / "a.mp4")).video.colour == ColourTags(2, 2, 2, 0)


def test_cover_picture_is_not_the_video(tmp_path: Path) -> None:
    assert probe(_with_cover(tmp_path / "a.mp4")).video.codec == "h264"


def _with_cover(path: Path) -> Path:
    """A clip whose first stream is a cover picture."""
    source = write_clip(path.with_name("plain.mp4"))
    with av.open(source) as reader, av.open(path, "w") as writer:
        cover = writer.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = 1 << 10
        copy = writer.add_stream_from_template(reader.streams.video[0], opaque=True)
        picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 90, np.uint8), format="rgb24")
        picture = picture.reformat(format="yuvj420p")
        picture.pts = 0
        writer.mux(cover.encode(picture))
        writer.mux(cover.encode(None))
        for packet in reader.demux(video=0):
            if packet.size:
                packet.stream = copy
                writer.mux(packet)
    return path


def _write_sound(path: Path) -> Path:
    with av.open(path, "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_refusals_say_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a video at all, but long enough to be looked at\n" * 40)
    whole = write_clip(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "headless.mp4").write_bytes(whole[: len(whole) // 2])
    _write_sound(tmp_path / "sound.mp4")
    expected = {
        tmp_path / "none.mp4": "does not exist",
        tmp_path: "is a folder",
        tmp_path / "empty.mp4": "0 bytes",
        tmp_path / "text.mp4": "cannot be read as a video",
        tmp_path / "headless.mp4": "cannot be read as a video",
        tmp_path / "sound.mp4": "sound but no video",
    }
    for path, sentence in expected.items():
        with pytest.raises(InputError, match=sentence) as raised:
            probe(path)
        assert path.name in str(raised.value)
        assert "\n" not in str(raised.value)
