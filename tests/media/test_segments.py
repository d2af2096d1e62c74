"""Parts that are encoded for themselves and joined: the same pictures, times and sound as one result."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import pytest
from tests.clips import LOSSLESS_HEVC, Recipe, moving, number_in, write_clip

from facefix.errors import OutputError
from facefix.media import decode, encode, probe, segments
from facefix.types import Span

VFR = [0, 400, 1100, 1500, 2500, 2900, 3000, 4000, 4900, 5000, 6200, 7000]


def written(clip_path: Path, out: Path, cuts: list[int], spec: encode.EncodeSpec, part: Span | None = None) -> list[str]:
    """The clip through segments that start at `cuts`, joined at `out`."""
    clip = probe.probe(clip_path)
    frames = list(decode.decode(clip, part))
    start = frames[0].pts if part else 0
    parts = []
    for number, (first, last) in enumerate(zip(cuts, [*cuts[1:], len(frames)], strict=True)):
        with segments.SegmentWriter(clip, out, spec, out.with_name(f"{number}.bin"), start_pts=start) as writer:
            for frame in frames[first:last]:
                writer.write(frame)
        parts.append(writer.segment)
    behind = frames[-1].pts + frames[-1].duration
    return segments.join(clip, out, spec, parts, frames[0], span_pts=(start, behind) if part else None)


def at_once(clip_path: Path, out: Path, spec: encode.EncodeSpec) -> None:
    clip = probe.probe(clip_path)
    with encode.Writer(clip, out, spec) as writer:
        for frame in decode.decode(clip):
            writer.write(frame)


def sound(path: Path) -> list[tuple[Fraction, bytes]]:
    with av.open(path) as container:
        return [(p.pts * p.time_base, bytes(p)) for p in container.demux(audio=0) if p.pts is not None]


def pictures(path: Path) -> list[tuple[int, int]]:
    """Number and pts of every frame, and behind them when the last one ends."""
    frames = list(decode.decode(probe.probe(path)))
    shown = [(number_in(frame.picture.to_ndarray(format="rgb24")), frame.pts) for frame in frames]
    return [*shown, (len(frames), frames[-1].pts + frames[-1].duration)]


@pytest.mark.parametrize(
    ("name", "recipe", "spec"),
    [
        ("x.mp4", Recipe(audio_tracks=1), encode.EncodeSpec()),
        ("x.mp4", Recipe(pts=VFR, durations=[*(b - a for a, b in itertools.pairwise(VFR)), 900]), encode.EncodeSpec()),
        ("x.mkv", Recipe(audio_tracks=1, time_base=Fraction(1, 1000)), encode.EncodeSpec()),
        ("x.mp4", Recipe(codec="libx265", options=LOSSLESS_HEVC), encode.EncodeSpec()),
        ("x.mov", Recipe(rotation=90, audio_tracks=1), encode.EncodeSpec("prores_ks")),
        ("x.mp4", Recipe(), encode.EncodeSpec("libsvtav1")),
        ("x.webm", Recipe(audio_tracks=1, audio_codec="libopus", time_base=Fraction(1, 1000)), encode.EncodeSpec("libvpx-vp9")),
        ("x.mkv", Recipe(time_base=Fraction(1, 1000)), encode.EncodeSpec("ffv1")),
        ("x.avi", Recipe(time_base=Fraction(1, 25)), encode.EncodeSpec()),
        ("x.ts", Recipe(audio_tracks=1), encode.EncodeSpec()),
    ],
)  # fmt: skip
def test_joined_parts_are_the_whole(tmp_path: Path, name: str, recipe: Recipe, spec: encode.EncodeSpec) -> None:
    source = write_clip(tmp_path / ("source.mp4" if name == "x.webm" else f"source{Path(name).suffix}"), recipe=recipe)
    (tmp_path / "parts").mkdir()
    written(source, tmp_path / "parts" / name, [0, 5, 6], spec)
    at_once(source, tmp_path / name, spec)
    assert pictures(tmp_path / "parts" / name) == pictures(tmp_path / name)
    assert sound(tmp_path / "parts" / name) == sound(tmp_path / name) if recipe.audio_tracks else True
    one, other = (probe.probe(path) for path in (tmp_path / "parts" / name, tmp_path / name))
    assert one.video == other.video or one.video.profile != other.video.profile


def test_a_part_of_a_clip_starts_at_time_0(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "source.mp4", recipe=Recipe(audio_tracks=1))
    written(source, tmp_path / "x.mp4", [0, 3], encode.EncodeSpec(), Span(4, 10))
    shown = pictures(tmp_path / "x.mp4")
    assert [number for number, _ in shown[:-1]] == list(range(4, 10)) and shown[0][1] == 0


def test_every_part_starts_with_a_key_frame(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "source.mp4", moving(40))
    written(source, tmp_path / "x.mp4", [0, 7, 20, 39], encode.EncodeSpec())
    with av.open(tmp_path / "x.mp4") as container:
        packets = [p for p in container.demux(video=0) if p.size]
    assert sorted(round(p.pts * p.time_base * 25) for p in packets if p.is_keyframe) == [0, 7, 20, 39]
    decoding = [p.dts for p in packets]
    assert decoding == sorted(set(decoding)) and all(p.dts <= p.pts for p in packets)


def test_a_broken_off_part_leaves_no_file(tmp_path: Path) -> None:
    clip = probe.probe(write_clip(tmp_path / "source.mp4"))
    frame = next(iter(decode.decode(clip)))
    with (
        pytest.raises(KeyboardInterrupt),
        segments.SegmentWriter(clip, tmp_path / "x.mp4", encode.EncodeSpec(), tmp_path / "0.bin") as writer,
    ):
        writer.write(frame)
        raise KeyboardInterrupt
    assert not (tmp_path / "0.bin").exists()


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    clip = probe.probe(write_clip(tmp_path / "source.mp4"))
    with (
        pytest.raises(OutputError, match=r"cannot be written: the folder is gone"),
        segments.SegmentWriter(clip, tmp_path / "x.mp4", encode.EncodeSpec(), tmp_path / "no" / "0.bin"),
    ):
        pass
