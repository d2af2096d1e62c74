from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.clips import Recipe, moving, number_in, write_clip

from facefix.errors import OutputError
from facefix.media import decode, footage, probe
from facefix.media.footage import Footage


def _made(folder: Path, *clips: Path) -> tuple[Path, Footage]:
    out = folder / "footage.mp4"
    infos = [probe.probe(clip) for clip in clips]
    with Footage(out, infos[0], len(clips)) as made:
        for frames in zip(*(decode.Decoder(info) for info in infos), strict=True):
            made.write(list(zip(frames, infos, strict=True)))
    return out, made


def _read(path: Path) -> tuple[list[np.ndarray], list[float]]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        return [frame.to_ndarray(format="rgb24") for frame in frames], [float(frame.time or 0) for frame in frames]


def test_views_share_every_picture(tmp_path: Path) -> None:
    one, two = moving(), [picture[::-1] for picture in moving()]
    out, made = _made(tmp_path, write_clip(tmp_path / "a.mp4", one), write_clip(tmp_path / "b.mp4", two))
    pictures, times = _read(out)
    assert made.size == (96, 64)
    assert [picture.shape for picture in pictures] == [(128, 96, 3)] * 12
    for number, picture in enumerate(pictures):
        assert abs(number_in(picture) - number) < 1
        assert abs(number_in(picture[64:][::-1]) - number) < 1
    assert np.allclose(times, np.arange(12) / 25, atol=1e-4) and np.allclose(made.times, times, atol=1e-4)


def test_times_are_the_clips_own_from_zero(tmp_path: Path) -> None:
    stamps = [7, 8, 10, 11, 15, 16]
    clip = write_clip(tmp_path / "vfr.mkv", moving(6), Recipe(pts=[40 * s for s in stamps], time_base=Fraction(1, 1000)))
    out, made = _made(tmp_path, clip)
    assert np.allclose(made.times, (np.array(stamps) - 7) * 0.04, atol=1e-3)
    assert np.allclose(_read(out)[1], made.times, atol=1e-4)


def test_a_turned_clip_stands_upright(tmp_path: Path) -> None:
    out, made = _made(tmp_path, write_clip(tmp_path / "a.mp4", None, Recipe(rotation=90)))
    assert made.size == (64, 96)
    upright = np.rot90(moving()[5], -1)
    off = [np.abs(_read(out)[0][5].astype(int) - np.rot90(upright, turn)).mean() for turn in (0, 2)]
    assert off[0] < 8 < 20 < off[1]


def test_any_browser_plays_it(tmp_path: Path) -> None:
    recipe = Recipe(codec="libx265", pixel_format="yuv420p10le", options={"x265-params": "lossless=1:log-level=none"})
    out, _ = _made(tmp_path, write_clip(tmp_path / "deep.mkv", moving(30), recipe))
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert [i for i, packet in enumerate(packets) if packet.is_keyframe] == [0, 12, 24]
        assert all(packet.pts == packet.dts for packet in packets)


def test_a_tall_or_wide_clip_is_shrunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footage, "HEIGHT_PX", 32)
    assert _made(tmp_path, write_clip(tmp_path / "a.mp4", None, Recipe(aspect=Fraction(2))))[1].size == (96, 32)


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    clip = probe.probe(write_clip(tmp_path / "a.mp4"))
    with pytest.raises(KeyboardInterrupt), Footage(tmp_path / "f.mp4", clip, 1) as made:
        made.write([(next(iter(decode.Decoder(clip))), clip)])
        raise KeyboardInterrupt
    with pytest.raises(OutputError), Footage(tmp_path / "f.mp4", clip, 1):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
