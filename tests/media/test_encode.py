"""What goes in comes out: times, sound, tags, rotation, samples - and nothing half-written is left behind."""

from __future__ import annotations

import dataclasses
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.clips import LOSSLESS_HEVC, Recipe, moving, number_in, write_clip

from facefix.errors import OutputError
from facefix.media.colour import to_rgb, write_back
from facefix.media.decode import decode
from facefix.media.encode import EncodeSpec, Writer
from facefix.media.planes import components, layout_of
from facefix.media.probe import probe
from facefix.types import ClipInfo, ColourTags, Frame, Span

_VARIABLE_MS = [0, 33, 71, 100, 180, 181, 250, 300, 333, 366, 400, 611]
_REORDERED = {"crf": "10", "preset": "veryfast", "bf": "3", "g": "8"}
_MS = Fraction(1, 1000)
_TEN_BIT = Recipe(codec="libx265", pixel_format="yuv420p10le", options=LOSSLESS_HEVC)


def _rewritten(clip: ClipInfo, out: Path, spec: EncodeSpec | None = None, span: Span | None = None) -> Writer:
    frames = list(decode(clip, span))
    span_pts = (frames[0].pts, frames[-1].pts + 1) if span else None
    with Writer(clip, out, spec, span_pts=span_pts) as writer:
        for frame in frames:
            writer.write(frame)
    return writer


def _packets(path: Path, kind: str) -> list[tuple[int, int | None, bytes]]:
    with av.open(path) as container:
        return [
            (packet.stream.index, packet.pts, bytes(packet))
            for packet in container.demux()
            if packet.size and packet.stream.type == kind
        ]


def _chapters(container: av.container.InputContainer) -> list[tuple[Fraction, Fraction, str]]:
    return [(c["start"] * c["time_base"], c["end"] * c["time_base"], c["metadata"]["title"]) for c in container.chapters()]


def _samples(frame: Frame) -> list[np.ndarray]:
    layout = layout_of(frame.picture.format.name)
    assert layout is not None
    return [view.copy() for view in components(frame.picture, layout)]


@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        ("cfr.mp4", Recipe(options=_REORDERED, audio_tracks=1)),
        ("vfr.mp4", Recipe(options=_REORDERED, pts=[13 * t for t in _VARIABLE_MS], audio_tracks=2)),
        ("vfr.mov", Recipe(options=_REORDERED, pts=_VARIABLE_MS, time_base=Fraction(1, 600), audio_tracks=1)),
        ("vfr.mkv", Recipe(options=_REORDERED, pts=_VARIABLE_MS, time_base=_MS, audio_tracks=2, subtitle="subrip")),
        ("late.mp4", Recipe(pts=[19200 + 512 * n for n in range(12)], audio_tracks=1)),
        ("late_sound.mp4", Recipe(audio_tracks=1, audio_start_s=Fraction(1, 4))),
        ("hevc.mp4", dataclasses.replace(_TEN_BIT, audio_tracks=1)),
        ("vp9.webm", Recipe(codec="libvpx-vp9", options={"lossless": "1"}, time_base=_MS, pts=_VARIABLE_MS)),
        ("Ünïcode 日本.mkv", Recipe(time_base=_MS, audio_tracks=3, audio_codec="flac")),
    ],
)
def test_times_and_sound_come_through_exactly(tmp_path: Path, name: str, recipe: Recipe) -> None:
    clip = probe(write_clip(tmp_path / name, recipe=recipe))
    out = tmp_path / f"out{clip.path.suffix}"
    _rewritten(clip, out)
    result = probe(out)
    assert result.video.time_base == clip.video.time_base
    assert [f.pts for f in decode(result)] == [f.pts for f in decode(clip)]
    assert [number_in(to_rgb(f, result)) for f in decode(result)] == list(range(12))
    assert result.audio_streams == recipe.audio_tracks
    assert _packets(out, "audio") == _packets(clip.path, "audio")
    assert _packets(out, "subtitle") == _packets(clip.path, "subtitle")
    assert result.video.codec == clip.video.codec


def test_tags_chapters_languages_and_dispositions_are_kept(tmp_path: Path) -> None:
    recipe = Recipe(audio_tracks=2, chapters=True, metadata={"title": "Größe", "com.example.take": "7"},
                    container_options={"movflags": "use_metadata_tags"})  # fmt: skip
    for suffix in (".mp4", ".mkv"):
        clip = probe(write_clip(tmp_path / f"a{suffix}", recipe=recipe))
        out = tmp_path / f"out{suffix}"
        _rewritten(clip, out)
        with av.open(clip.path) as before, av.open(out) as after:
            tags = {key.lower(): value for key, value in after.metadata.items()}
            assert (tags["title"], tags["com.example.take"]) == ("Größe", "7")
            assert _chapters(after) == _chapters(before) != []
            described = [
                [(s.type, s.language, s.disposition, s.metadata.get("title", s.metadata.get("name"))) for s in c.streams]
                for c in (before, after)
            ]
            assert described[0] == described[1]
            assert ("audio", "deu") in {(kind, language) for kind, language, _, _ in described[1]}


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_aspect_and_colour_tags_are_kept(tmp_path: Path, rotation: int, suffix: str) -> None:
    recipe = Recipe(rotation=rotation, aspect=Fraction(4, 3), colour=(9, 16, 9, 1))
    clip = probe(write_clip(tmp_path / f"a{suffix}", moving(3), recipe))
    out = tmp_path / f"out{suffix}"
    _rewritten(clip, out)
    result = probe(out)
    assert (result.video.rotation, result.video.sample_aspect_ratio) == (rotation, Fraction(4, 3))
    assert result.video.colour == ColourTags(9, 16, 9, 1)
    shown, before = (to_rgb(next(iter(decode(c))), c).astype(int) for c in (result, clip))
    assert shown.shape == before.shape
    assert np.abs(shown - before).mean() < 2


def test_unspecified_colour_stays_unspecified(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4", moving(3)))
    _rewritten(clip, tmp_path / "out.mp4")
    assert probe(tmp_path / "out.mp4").video.colour == ColourTags(2, 2, 2, 0)


@pytest.mark.parametrize(
    ("name", "recipe", "spec"),
    [
        ("a.mp4", Recipe(), EncodeSpec(crf=0)),
        ("full.mp4", Recipe(pixel_format="yuvj420p"), EncodeSpec(crf=0)),
        ("a.mkv", Recipe(codec="ffv1", options={}, time_base=_MS), None),
        ("ten.mkv", Recipe(codec="ffv1", pixel_format="yuv422p10le", options={}, time_base=_MS), None),
        ("turned.mp4", Recipe(rotation=90), EncodeSpec(crf=0)),
    ],
)
def test_only_what_was_changed_differs_in_a_lossless_file(
    tmp_path: Path, name: str, recipe: Recipe, spec: EncodeSpec | None
) -> None:
    clip = probe(write_clip(tmp_path / name, moving(3), recipe))
    out = tmp_path / f"out{clip.path.suffix}"
    width, height = clip.video.display_size
    box = (20, 30, 50, 52)
    x0, y0, x1, y1 = box
    with Writer(clip, out, spec) as writer:
        for frame in decode(clip):
            before = to_rgb(frame, clip)[y0:y1, x0:x1]
            writer.write(write_back(frame, clip, before, before // 2, box))
    result = probe(out)
    assert result.video.pixel_format == clip.video.pixel_format
    changed = np.zeros((height, width), bool)
    changed[y0:y1, x0:x1] = True
    if clip.video.rotation == 90:
        changed = np.rot90(changed, 1)
    for old, new in zip(decode(clip), decode(result), strict=True):
        for a, b in zip(_samples(old), _samples(new), strict=True):
            mask = changed[:: changed.shape[0] // a.shape[0], :: changed.shape[1] // a.shape[1]]
            assert np.array_equal(a[~mask], b[~mask])
            assert (a[mask] != b[mask]).mean() > 0.5


def test_a_part_starts_at_zero_with_its_sound(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4", moving(50), Recipe(audio_tracks=1, chapters=True)))
    out = tmp_path / "out.mp4"
    _rewritten(clip, out, span=Span(5, 30))
    result = probe(out)
    assert [f.pts for f in decode(result)] == [512 * n for n in range(25)]
    whole, part = _packets(clip.path, "audio"), _packets(out, "audio")
    start, end = 5 * 1920, 29 * 1920 + 1
    assert part == [(s, pts - start, data) for s, pts, data in whole if pts is not None and start <= pts < end]
    assert len(part) > 40
    with av.open(out) as container:
        # Frame 5 is at 0.2 s: the first chapter is gone, the second starts at once.
        assert _chapters(container) == [(0, Fraction(28, 100), "Schluß")]


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p10le", "yuvj420p"])
def test_resized_pixels_keep_their_colours(tmp_path: Path, pixel_format: str) -> None:
    recipe = Recipe(codec="ffv1", pixel_format=pixel_format.replace("j", ""), options={}, rotation=90, time_base=_MS,
                    colour=(1, 1, 1, 2 if "j" in pixel_format else 1))  # fmt: skip
    clip = probe(write_clip(tmp_path / "a.mkv", moving(3), recipe))
    width, height = clip.video.display_size
    out = tmp_path / "out.mkv"
    wanted = []
    with Writer(clip, out, size=(2 * width, 2 * height)) as writer:
        for frame in decode(clip):
            pixels = to_rgb(frame, clip)
            wanted.append(np.tile(pixels[::-1], (2, 2, 1)))
            writer.write_rgb(wanted[-1], frame)
    result = probe(out)
    assert (result.video.display_size, result.video.rotation) == ((2 * width, 2 * height), 90)
    for frame, pixels in zip(decode(result), wanted, strict=True):
        error = np.abs(to_rgb(frame, result).astype(float) - pixels) / (65535 if pixels.dtype == np.uint16 else 255)
        assert np.median(error) * 255 < 0.8
        assert error.mean() * 255 < 1.5


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("codec", ["libx264", "libx265", "libsvtav1", "ffv1"])
def test_clips_of_very_few_frames(tmp_path: Path, codec: str, frames: int) -> None:
    clip = probe(write_clip(tmp_path / "a.mkv", moving(frames), Recipe(time_base=_MS)))
    for attempt in range(3):
        _rewritten(clip, tmp_path / f"{attempt}.mkv", EncodeSpec(codec))
        assert [f.pts for f in decode(probe(tmp_path / f"{attempt}.mkv"))] == [40 * n for n in range(frames)]


def test_a_wrong_size_is_refused(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4", moving(2)))
    frame = next(iter(decode(clip)))
    with pytest.raises(ValueError, match="size"), Writer(clip, tmp_path / "out.mp4", size=(192, 128)) as writer:
        writer.write_rgb(np.zeros((64, 96, 3), np.uint8), frame)
    with pytest.raises(ValueError, match="write_rgb"), Writer(clip, tmp_path / "out.mp4", size=(192, 128)) as writer:
        writer.write(frame)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4"]


def test_an_odd_size_is_kept_where_the_encoder_can(tmp_path: Path) -> None:
    recipe = Recipe(codec="ffv1", options={}, time_base=_MS)
    clip = probe(write_clip(tmp_path / "a.mkv", moving(3, 97, 63), recipe))
    _rewritten(clip, tmp_path / "same.mkv")
    assert probe(tmp_path / "same.mkv").video.display_size == (97, 63)
    writer = _rewritten(clip, tmp_path / "out.mp4", EncodeSpec("libx264", crf=0))
    result = probe(tmp_path / "out.mp4")
    assert result.video.display_size == (98, 64)
    assert any("even size" in note for note in writer.notes)
    old, new = (_samples(next(iter(decode(c)))) for c in (clip, result))
    assert np.array_equal(new[0][:63, :97], old[0])
    assert np.array_equal(new[0][:, 97], new[0][:, 96])


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_nothing_is_left_after_an_exception(tmp_path: Path, error: type[BaseException]) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4", recipe=Recipe(audio_tracks=1)))
    out = tmp_path / "out.mp4"
    out.write_bytes(b"an older result")
    with pytest.raises(error), Writer(clip, out) as writer:
        for frame in decode(clip):
            writer.write(frame)
            assert (tmp_path / "out.mp4.part").exists()
        raise error
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4", "out.mp4"]
    assert out.read_bytes() == b"an older result"


def test_no_frames_is_an_error(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4", moving(2)))
    with pytest.raises(OutputError, match="not one frame"), Writer(clip, tmp_path / "out.mp4"):
        pass
    assert not (tmp_path / "out.mp4").exists()


def test_targets_that_cannot_be(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4", moving(2)))
    (tmp_path / "folder.mp4").mkdir()
    for out, sentence in [
        (clip.path, "input itself"),
        (tmp_path / "none" / "o.mp4", "does not exist"),
        (tmp_path / "folder.mp4", "is a folder"),
    ]:
        with pytest.raises(OutputError, match=sentence):
            Writer(clip, out)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4", moving(2)))
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="not permitted"), Writer(clip, locked / "o.mp4"):
        pass


@contextmanager
def small_files() -> Iterator[None]:
    """Files of this process end at 20 kB, as if the disk were full. Not a fixture: the log of the tests may be a file too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_full_disk_is_one_sentence(tmp_path: Path, suffix: str) -> None:
    noise = list(np.random.default_rng(0).integers(0, 255, (40, 64, 96, 3), dtype=np.uint8))
    clip = probe(write_clip(tmp_path / f"a{suffix}", noise))
    out = tmp_path / f"out{suffix}"
    full = pytest.raises(OutputError, match="cannot be written: the file system")
    with small_files(), full, Writer(clip, out) as writer:
        for frame in decode(clip):
            writer.write(frame)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"a{suffix}"]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_the_same_pictures_become_the_same_bytes(tmp_path: Path, codec: str) -> None:
    """Of 20 macroblocks a line: where a line has no multiple of 8, x264's AVX-512 code reads what nobody wrote."""
    clip = probe(write_clip(tmp_path / "source.mp4", moving(30, 320, 240)))
    frames = list(decode(clip))
    results = set()
    for number in range(6):
        with Writer(clip, tmp_path / f"{number}.mp4", EncodeSpec(codec)) as writer:
            for frame in frames:
                writer.write(frame)
        results.add((tmp_path / f"{number}.mp4").read_bytes())
    assert len(results) == 1
