"""Nothing to fix: nothing changes."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import av
import pytest
from tests.clips import Recipe, moving, write_clip

from facefix.errors import OutputError, SettingsError
from facefix.media.probe import probe
from facefix.media.remux import can_copy, remux, result_suffix

_REORDERED = {"crf": "10", "preset": "veryfast", "bf": "3", "g": "8"}


def _packets(path: Path) -> list[tuple[str, Fraction, bytes]]:
    with av.open(path) as container:
        return sorted((p.stream.type, p.pts * p.time_base, bytes(p)) for p in container.demux() if p.size and p.pts is not None)


def test_the_same_container_is_the_same_file(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4", recipe=Recipe(audio_tracks=1)))
    assert remux(clip, tmp_path / "out.MP4") == ()
    assert (tmp_path / "out.MP4").read_bytes() == clip.path.read_bytes()


def test_another_container_holds_the_same_packets(tmp_path: Path) -> None:
    recipe = Recipe(audio_tracks=2, rotation=90, chapters=True, options=_REORDERED, time_base=Fraction(1, 1000))
    clip = probe(write_clip(tmp_path / "a.mov", recipe=recipe))
    assert remux(clip, tmp_path / "out.mp4") == ()
    result = probe(tmp_path / "out.mp4")
    assert _packets(result.path) == _packets(clip.path)
    assert result.video.rotation == 90
    assert result.video.time_base == clip.video.time_base


def test_streams_without_a_place_are_named(tmp_path: Path) -> None:
    recipe = Recipe(subtitle="subrip", time_base=Fraction(1, 1000))
    clip = probe(write_clip(tmp_path / "a.mkv", recipe=recipe))
    notes = remux(clip, tmp_path / "out.mp4")
    assert len(notes) == 1 and "subtitle" in notes[0]
    assert probe(tmp_path / "out.mp4").subtitle_streams == 0


def test_pictures_that_do_not_fit_are_told_before(tmp_path: Path) -> None:
    recipe = Recipe(codec="libvpx", options={}, time_base=Fraction(1, 1000))
    clip = probe(write_clip(tmp_path / "a.webm", moving(3), recipe))
    assert can_copy(clip, tmp_path / "out.webm")
    assert can_copy(clip, tmp_path / "out.mkv")
    assert not can_copy(clip, tmp_path / "out.mp4")
    with pytest.raises(SettingsError, match="no container"):
        can_copy(clip, tmp_path / "out.doc")


@pytest.mark.parametrize(
    ("name", "sound", "suffix"),
    [
        ("a.mp4", "aac", ".mp4"),
        ("a.MKV", "aac", ".MKV"),
        ("a.wmv", "mp2", ".mp4"),
        ("a.wmv", "pcm_mulaw", ".avi"),
        ("a.ogv", "libopus", ".mp4"),
        ("a.wmv", None, ".mp4"),
    ],
)
def test_results_of_containers_that_are_not_written(tmp_path: Path, name: str, sound: str | None, suffix: str) -> None:
    recipe = Recipe(audio_tracks=1 if sound else 0, audio_codec=sound or "aac")
    if name.endswith("wmv"):
        recipe = dataclasses.replace(recipe, codec="wmv2", options={}, time_base=Fraction(1, 25))
    if name.endswith("ogv"):
        recipe = dataclasses.replace(recipe, codec="libvpx", options={})
    assert result_suffix(write_clip(tmp_path / name, moving(3), recipe)) == suffix


def test_the_suffix_of_what_cannot_be_read(tmp_path: Path) -> None:
    assert result_suffix(tmp_path / "missing.wmv") == ".mp4"


def test_refusals(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4", moving(2)))
    with pytest.raises(OutputError, match="input itself"):
        remux(clip, clip.path)
    with pytest.raises(SettingsError, match="no container"):
        remux(clip, tmp_path / "out.doc")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4"]
