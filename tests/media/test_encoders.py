"""Which encoder and pixel format a result gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.clips import LOSSLESS_HEVC, Recipe, moving, write_clip

from facefix.errors import SettingsError
from facefix.media import encoders
from facefix.media.colour import to_rgb
from facefix.media.decode import decode
from facefix.media.encode import EncodeSpec, Writer, choose_encoder
from facefix.media.formats import nearest_format
from facefix.media.probe import probe
from facefix.types import ClipInfo, Frame

_TEN_BIT = Recipe(codec="libx265", pixel_format="yuv420p10le", options=LOSSLESS_HEVC)
_PRORES = Recipe(codec="prores_ks", pixel_format="yuv422p10le", options={"profile": "1"})


@pytest.mark.parametrize(
    ("source", "out", "named", "encoder", "pixel_format"),
    [
        (Recipe(), "o.mp4", None, "libx264", "yuv420p"),
        (Recipe(pixel_format="yuv444p"), "o.mp4", None, "libx264", "yuv444p"),
        (Recipe(), "o.mp4", "hevc", "libx265", "yuv420p"),
        (Recipe(), "o.webm", None, "libvpx-vp9", "yuv420p"),
        (Recipe(codec="mpeg4", options={}), "o.mp4", None, "libx264", "yuv420p"),
        (_TEN_BIT, "o.mov", None, "libx265", "yuv420p10le"),
        (_PRORES, "o.mov", None, "prores_ks", "yuv422p10le"),
        (_PRORES, "o.mp4", "libsvtav1", "libsvtav1", "yuv420p10le"),
    ],
)
def test_choice_of_encoder(
    tmp_path: Path, source: Recipe, out: str, named: str | None, encoder: str, pixel_format: str
) -> None:
    clip = probe(write_clip(tmp_path / "a.mov", moving(3), source))
    choice = choose_encoder(clip, tmp_path / out, EncodeSpec(named))
    assert (choice.name, choice.pixel_format) == (encoder, pixel_format)
    if encoder == "prores_ks":
        assert choice.options["profile"] == "1"


def test_nearest_format_gives_up_least() -> None:
    offered = ["yuv420p", "yuv444p", "yuv422p10le", "yuv420p10le", "yuvj420p", "gbrp"]
    assert nearest_format("yuv422p", offered) == "yuv444p"
    assert nearest_format("p010le", offered) == "yuv420p10le"
    assert nearest_format("nv12", offered) == "yuv420p"
    assert nearest_format("rgb24", offered) == "gbrp"
    assert nearest_format("gray", offered) == "yuv420p"


def test_impossible_settings_are_refused(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4", moving(2)))
    for out, spec, sentence in [
        ("o.mp4", EncodeSpec("libx999"), "no video encoder"),
        ("o.webm", EncodeSpec("libx264"), "cannot hold"),
        ("o.xyz", EncodeSpec(), "no container"),
        ("o.mp4", EncodeSpec("aac"), "no video encoder"),
    ]:
        with pytest.raises(SettingsError, match=sentence):
            choose_encoder(clip, tmp_path / out, spec)
    with (
        pytest.raises(SettingsError, match="cannot be started"),
        Writer(clip, tmp_path / "o.mp4", EncodeSpec(crf=-999)),
    ):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4"]


@pytest.mark.parametrize(
    ("name", "source", "taken", "chosen"),
    [
        # What cards of 2022 take of the formats that FFmpeg names: nothing in 4:2:2, H.264 in 8 bits alone.
        ("hevc_nvenc", "yuv422p10le", ("yuv420p", "nv12", "p010le", "yuv444p", "yuv444p16le"), "yuv444p16le"),
        ("h264_nvenc", "yuv420p10le", ("yuv420p", "nv12", "yuv444p"), "yuv420p"),
        ("hevc_nvenc", "yuv420p10le", ("yuv420p", "nv12", "p010le", "yuv444p"), "p010le"),
        ("hevc_nvenc", "yuv420p", ("yuv420p", "nv12"), "yuv420p"),
        # Without a card: whoever starts the encoder says that there is none.
        ("hevc_nvenc", "yuv422p10le", (), "p210le"),
    ],
)
def test_hardware_gets_the_nearest_format_that_it_takes(
    name: str, source: str, taken: tuple[str, ...], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not encoders._available(name):
        pytest.skip(f"this FFmpeg has no {name}")
    monkeypatch.setattr(encoders, "_starts", lambda encoder, pixel_format: pixel_format in taken)
    assert encoders._format_for(name, source) == chosen


@pytest.mark.parametrize("name", ["h264_nvenc", "hevc_nvenc"])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le", "yuv422p10le"])
def test_a_real_card_encodes(name: str, pixel_format: str, tmp_path: Path) -> None:
    if not encoders.startable()[name]:
        pytest.skip("no card that encodes is here")
    clip = probe(
        write_clip(tmp_path / "a.mkv", moving(12, 320, 240), Recipe(codec="ffv1", pixel_format=pixel_format, options={}))
    )
    with Writer(clip, tmp_path / "out.mp4", EncodeSpec(name)) as writer:
        for frame in decode(clip):
            writer.write(frame)
    result = probe(tmp_path / "out.mp4")
    pairs = zip(decode(clip), decode(result), strict=True)
    off = [np.abs(to_rgb(a, clip) / _top(a, clip) - to_rgb(b, result) / _top(b, result)).mean() for a, b in pairs]
    assert len(off) == 12 and max(off) < 0.02


def _top(frame: Frame, clip: ClipInfo) -> float:
    return float(np.iinfo(to_rgb(frame, clip).dtype).max)
