"""Which files count as arrived."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.clips import LOSSLESS_H264, Recipe, write_clip

from facefix.jobs.arrivals import PATIENCE, Arrivals, is_clip_name, is_whole


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    return write_clip(tmp_path / "elsewhere.mp4").read_bytes()


def front(tmp_path: Path) -> bytes:
    """A clip that opens while only a part of it is there."""
    recipe = Recipe(options=LOSSLESS_H264, audio_tracks=1, container_options={"movflags": "+faststart"})
    return write_clip(tmp_path / "front.mp4", recipe=recipe).read_bytes()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("a.mp4", True), ("A.MOV", True), ("a.b.webm", True), ("a.txt", False), ("a.mp4.part", False), ("a.part.mp4", False),
     ("a.mp4.crdownload", False), ("a.mp4~", False), ("~a.mp4", False), (".a.mp4", False), ("a.tmp.mp4", False)],
)  # fmt: skip
def test_names(name: str, wanted: bool) -> None:
    assert is_clip_name(Path(name)) is wanted


def test_a_still_file_is_given_once(tmp_path: Path, clock: Clock, content: bytes) -> None:
    arrivals, clip = Arrivals(3, clock=clock), tmp_path / "a.mp4"
    clip.write_bytes(content)
    arrivals.notice([clip])
    assert arrivals.arrived() == [] and arrivals.waiting
    clock.now = 3
    assert arrivals.arrived() == [clip] and not arrivals.waiting
    arrivals.notice([clip])
    clock.now = 9
    assert arrivals.arrived() == []


def test_a_growing_file_is_given_when_it_is_whole(tmp_path: Path, clock: Clock, content: bytes) -> None:
    arrivals, clip = Arrivals(3, clock=clock), tmp_path / "a.mp4"
    for second in range(20):
        clip.write_bytes(content[: len(content) * (second + 1) // 20])
        arrivals.notice([clip])
        clock.now = second
        assert arrivals.arrived() == []
    clock.now = 22
    assert arrivals.arrived() == [clip]


@pytest.mark.parametrize("share", [0.5, 0.95, 0.999])
def test_a_copy_that_pauses_is_not_taken_for_whole(tmp_path: Path, clock: Clock, share: float) -> None:
    content = front(tmp_path)
    arrivals, clip = Arrivals(3, clock=clock), tmp_path / "a.mp4"
    clip.write_bytes(content[: int(len(content) * share)])
    assert not is_whole(clip)
    arrivals.notice([clip])
    clock.now = 10
    assert arrivals.arrived() == []
    clip.write_bytes(content)
    arrivals.arrived()
    clock.now = 14
    assert arrivals.arrived() == [clip]


def test_a_broken_file_is_given_in_the_end_so_that_somebody_says_so(tmp_path: Path, clock: Clock) -> None:
    arrivals, clip = Arrivals(3, clock=clock), tmp_path / "a.mp4"
    clip.write_bytes(b"no clip")
    arrivals.notice([clip])
    clock.now = 3 * PATIENCE
    assert arrivals.arrived() == [clip]


def test_a_new_take_is_given_again_and_a_removed_one_forgotten(tmp_path: Path, clock: Clock, content: bytes) -> None:
    arrivals, clip, gone = Arrivals(3, clock=clock), tmp_path / "a.mp4", tmp_path / "b.mp4"
    clip.write_bytes(content)
    gone.write_bytes(content)
    arrivals.notice([clip, gone])
    gone.unlink()
    clock.now = 3
    assert arrivals.arrived() == [clip] and not arrivals.waiting
    clip.write_bytes(content + b"\0")
    arrivals.notice([clip])
    clock.now = 8
    assert arrivals.arrived() == [clip]
