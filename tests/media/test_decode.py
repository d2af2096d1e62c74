"""Frames come out in order, with stable numbers and times, from whole, odd and broken files."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import pytest
from tests.clips import LOSSLESS_HEVC, Recipe, moving, number_in, truncated, write_clip

from facefix.media.colour import to_rgb
from facefix.media.decode import decode
from facefix.media.probe import probe
from facefix.types import ClipInfo, Span

# Real encoders reorder pictures; these options make sure that they do.
_REORDERED = {"crf": "10", "preset": "veryfast", "bf": "3", "g": "8"}


def _numbers(clip: ClipInfo, span: Span | None = None) -> list[tuple[int, int]]:
    return [(frame.index, number_in(to_rgb(frame, clip))) for frame in decode(clip, span)]


@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        ("h264.mp4", Recipe(options=_REORDERED)),
        ("hevc.mp4", Recipe(codec="libx265", pixel_format="yuv420p10le", options=LOSSLESS_HEVC)),
        ("vp9.webm", Recipe(codec="libvpx-vp9", options={"lossless": "1"}, time_base=Fraction(1, 1000))),
        ("prores.mov", Recipe(codec="prores_ks", pixel_format="yuv422p10le", options={"profile": "3"})),
        ("ffv1.mkv", Recipe(codec="ffv1", options={}, time_base=Fraction(1, 1000))),
        ("mjpeg.avi", Recipe(codec="mjpeg", pixel_format="yuvj420p", options={}, time_base=Fraction(1, 25))),
    ],
)
def test_every_frame_in_order(tmp_path: Path, name: str, recipe: Recipe) -> None:
    clip = probe(write_clip(tmp_path / name, recipe=recipe))
    assert _numbers(clip) == [(n, n) for n in range(12)]


@pytest.mark.parametrize("span", [Span(0, 3), Span(5, 9), Span(10, 40), Span(4, 4), Span(50, 60)])
def test_a_span_keeps_the_numbers_of_the_whole(tmp_path: Path, span: Span) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4", recipe=Recipe(options=_REORDERED)))
    assert _numbers(clip, span) == [(n, n) for n in range(12) if n in span]


def test_decoding_ends_with_the_span_unless_asked_to_count(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4"))
    short, counting = decode(clip, Span(2, 5)), decode(clip, Span(2, 5), count_rest=True)
    assert [f.index for f in short] == [f.index for f in counting] == [2, 3, 4]
    assert (short.decoded, counting.decoded) == (5, 12)
    assert short.trouble is None and counting.trouble is None


def test_stop_ends_the_iteration(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4"))
    seen: list[int] = []
    for frame in decode(clip, stop=lambda: len(seen) == 4):
        seen.append(frame.index)
    assert seen == [0, 1, 2, 3]


@pytest.mark.parametrize(("suffix", "time_base"), [(".mp4", Fraction(1, 90000)), (".mkv", Fraction(1, 1000))])
def test_variable_rate_times(tmp_path: Path, suffix: str, time_base: Fraction) -> None:
    pts = [0, 33, 71, 100, 180, 181, 250, 300, 333, 366, 400, 611]
    clip = probe(write_clip(tmp_path / f"a{suffix}", recipe=Recipe(pts=pts, time_base=time_base, options=_REORDERED)))
    assert clip.video.time_base == time_base
    assert [frame.pts for frame in decode(clip)] == pts


@pytest.mark.parametrize("name", ["a.mkv", "a.ts"])
def test_truncated_file_yields_what_is_there(tmp_path: Path, name: str) -> None:
    recipe = Recipe(options={"crf": "5", "preset": "ultrafast", "g": "10"}, time_base=Fraction(1, 1000))
    whole = write_clip(tmp_path / name, moving(60, 192, 128), recipe)
    decoder = decode(probe(truncated(whole, tmp_path / f"cut_{name}", 0.6)))
    numbers = [frame.index for frame in decoder]
    assert numbers == list(range(len(numbers)))
    assert 25 < len(numbers) < 45
    assert decoder.decoded == len(numbers)
    # A transport stream declares no length that a cut could be told by.
    assert (decoder.trouble is None) == (name == "a.ts")


def test_missing_tail_of_an_mp4_is_reported(tmp_path: Path) -> None:
    recipe = Recipe(options={"crf": "5", "preset": "ultrafast", "g": "10"}, container_options={"movflags": "+faststart"})
    whole = write_clip(tmp_path / "a.mp4", moving(60, 192, 128), recipe)
    decoder = decode(probe(truncated(whole, tmp_path / "cut.mp4", 0.5)))
    seen = sum(1 for _ in decoder)
    assert 20 < seen < 45
    assert decoder.trouble is not None
    assert f"{seen} of 60" in decoder.trouble


def test_garbage_in_the_middle_does_not_end_the_clip(tmp_path: Path) -> None:
    recipe = Recipe(options={"crf": "5", "preset": "ultrafast", "g": "5"}, container_options={"movflags": "+faststart"})
    whole = write_clip(tmp_path / "a.mp4", moving(60, 192, 128), recipe)
    data = bytearray(whole.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(bytes(data))
    clip = probe(broken)
    frames = [(frame.pts, number_in(to_rgb(frame, clip))) for frame in decode(clip)]
    assert len(frames) > 50
    assert frames[-1] == (59 * 512, 59 % 16)
    assert all(a < b for (a, _), (b, _) in itertools.pairwise(frames))


def test_a_second_iteration_starts_anew(tmp_path: Path) -> None:
    decoder = decode(probe(write_clip(tmp_path / "a.mp4")))
    assert [f.index for f in decoder] == [f.index for f in decoder]
    assert decoder.decoded == 12
