"""`--scale` from outside, on clips without a face."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from tests.clips import LOSSLESS_HEVC, Recipe, moving, number_in, write_clip

from facefix.cli import main
from facefix.media import colour, decode
from facefix.media.planes import alpha
from facefix.media.probe import probe
from facefix.models import zoo


def _run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def _pictures(path: Path) -> list[np.ndarray]:
    clip = probe(path)
    return [colour.to_rgb(frame, clip) for frame in decode.Decoder(clip)]


def _times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [round(float(frame.pts * frame.time_base), 4) for frame in container.decode(video=0)]


def _audio(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_a_clean_clip_is_enlarged_with_its_times_and_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pts = [0, 512, 1300, 1800, 2300, 2900]
    recipe = Recipe(pts=pts, durations=[512, 788, 500, 500, 600, 512], audio_tracks=1)
    clip, out = write_clip(tmp_path / "a.mp4", moving(6), recipe), tmp_path / "b.mp4"
    told = tmp_path / "told.json"
    assert _run(clip, "-o", out, "--scale", 2, "--upscaler", "lanczos", "--compare", "--json", told) == 0
    assert probe(out).video.display_size == (192, 128)
    width, height = probe(tmp_path / "b_compare.mp4").video.display_size
    assert width == 384 and height > 128
    assert _times(out) == _times(clip)
    assert _audio(out) == _audio(clip)
    assert [number_in(p) for p in _pictures(out)] == list(range(6))
    for small, large in zip(_pictures(clip), _pictures(out), strict=True):
        assert np.abs(large[::2, ::2].astype(int) - small).mean() < 6
    document = json.loads(told.read_text())
    wanted = {"width": 192, "height": 128, "scale": 2, "upscaler": "lanczos", "frames": 6, "copied": False}
    assert {key: document[key] for key in wanted} == wanted
    assert "enlarged 2x to 192x128 by lanczos" in capsys.readouterr().out


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("rotation", [0, 90])
def test_odd_and_rotated_clips_are_enlarged_as_displayed(tmp_path: Path, scale: int, rotation: int) -> None:
    recipe = Recipe(codec="ffv1", pixel_format="yuv444p", options={}) if not rotation else Recipe(rotation=rotation)
    size = (97, 63) if not rotation else (96, 64)
    clip = write_clip(tmp_path / ("a.mp4" if rotation else "a.mkv"), moving(2, *size), recipe)
    out = tmp_path / f"b{clip.suffix}"
    assert _run(clip, "-o", out, "--scale", scale, "--upscaler", "lanczos") == 0
    width, height = probe(clip).video.display_size
    assert probe(out).video.display_size == (scale * width, scale * height)
    assert probe(out).video.rotation == rotation
    small, large = (_pictures(path)[0].astype(int) for path in (clip, out))
    assert np.abs(large[scale // 2 :: scale, scale // 2 :: scale] - small).mean() < 5


def test_depth_and_opacity_are_kept(tmp_path: Path) -> None:
    deep = write_clip(
        tmp_path / "deep.mp4", moving(6), Recipe(codec="libx265", pixel_format="yuv420p10le", options=LOSSLESS_HEVC)
    )
    assert _run(deep, "-o", tmp_path / "d.mp4", "--scale", 2, "--upscaler", "lanczos") == 0
    assert probe(tmp_path / "d.mp4").video.bit_depth == 10
    clear = tmp_path / "clear.mkv"
    with av.open(clear, "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuva420p"
        for _ in range(2):
            picture = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 99, np.uint8), format="rgb24").reformat(format="yuva420p")
            opacity = alpha(picture)
            assert opacity is not None
            opacity[:] = np.linspace(0, 255, 96, dtype=np.uint8)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    assert _run(clear, "-o", tmp_path / "c.mkv", "--scale", 2, "--upscaler", "lanczos") == 0
    (frame, _) = decode.Decoder(probe(tmp_path / "c.mkv"))
    opacity = alpha(frame.picture)
    assert opacity is not None and opacity.shape == (128, 192)
    assert np.abs(opacity[64].astype(int) - np.linspace(0, 255, 192)).max() < 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scale", "3"), "--scale 3: choose from 1, 2, 4."),
        (("--scale", "two"), "'two' is not a valid integer"),
        (("--scale", "2", "--upscaler", "magic"), "--upscaler magic: choose from auto, realesrgan, general, anime"),
        (("--upscaler", "anime"), "--upscaler anime: enlarges nothing without --scale 2"),
    ],
)
def test_values_that_make_no_sense_are_refused(
    words: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "a.mp4", moving(2))
    assert _run(clip, *words) == 2
    error = capsys.readouterr().err.strip()
    assert said in error and "\n" not in error
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_missing_weights_are_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "a.mp4", moving(2))
    monkeypatch.setenv(zoo.MODELS_DIR_VARIABLE, str(tmp_path))
    monkeypatch.setattr(zoo, "cache_folder", lambda: tmp_path)
    assert _run(clip, "--scale", 2, "--upscaler", "general") == 1
    error = capsys.readouterr().err.strip()
    assert "realesr-general-x4v3.pth is not installed" in error and "\n" not in error
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_auto_enlarges_on_a_machine_without_a_gpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / "a.mp4", moving(3))
    assert _run(clip, "--scale", 2, "--device", "cpu", "--range", "1-3") == 0
    out = tmp_path / "a_fixed_1-3.mp4"
    assert [number_in(p) for p in _pictures(out)] == [1, 2]
    assert "enlarged 2x to 192x128 by" in capsys.readouterr().out
