"""Decoding by a card gives what decoding by the CPU gives, or is not done. No card is needed: one is played by the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from tests.clips import LOSSLESS_HEVC, Recipe, truncated, write_clip

from facefix.media import acceleration
from facefix.media.decode import decode
from facefix.media.planes import components, layout_of
from facefix.media.probe import probe
from facefix.types import ClipInfo, Frame, Span

RECIPES = {
    "h264.mp4": (Recipe(options={"crf": "10", "bf": "3", "g": "8"}), "nv12"),
    "hevc.mp4": (Recipe(codec="libx265", pixel_format="yuv420p10le", options=LOSSLESS_HEVC), "p010le"),
}
Card = Callable[[Path, int, int], Iterator[av.VideoFrame]]


def played(layout: str, *, ends_at: int | None = None, spoils: bool = False) -> Card:
    """A card that gives pictures in its own layout; that gives up at one of them, or gives others."""

    def pictures(path: Path, stream: int, card: int) -> Iterator[av.VideoFrame]:
        with av.open(path) as container:
            for number, picture in enumerate(container.decode(video=0)):
                if number == ends_at:
                    raise acceleration.Unfit("out of memory")
                if spoils:
                    planes = layout_of(picture.format.name)
                    assert planes is not None
                    components(picture, planes)[0][5, 5] ^= 1
                yield picture.reformat(format=layout)

    return pictures


def told(frame: Frame) -> tuple[object, ...]:
    layout = layout_of(frame.picture.format.name)
    assert layout is not None
    samples = [part.tobytes() for part in components(frame.picture, layout)]
    return frame.index, frame.pts, frame.duration, frame.picture.format.name, samples


def all_of(clip: ClipInfo, span: Span | None = None, card: int | None = None) -> list[tuple[object, ...]]:
    with acceleration.on_card(card):
        return [told(frame) for frame in decode(clip, span)]


@pytest.mark.parametrize("name", list(RECIPES))
@pytest.mark.parametrize("how", [{}, {"ends_at": 0}, {"ends_at": 5}, {"spoils": True}])
@pytest.mark.parametrize("span", [None, Span(3, 9)])
def test_frames_are_those_of_the_cpu_whatever_the_card_does(
    name: str, how: dict, span: Span | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, layout = RECIPES[name]
    clip = probe(write_clip(tmp_path / name, recipe=recipe))
    expected = all_of(clip, span)
    asked: list[int] = []
    card = played(layout, **how)

    def pictures(path: Path, stream: int, number: int) -> Iterator[av.VideoFrame]:
        asked.append(number)
        return card(path, stream, number)

    monkeypatch.setattr(acceleration, "pictures", pictures)
    assert all_of(clip, span, card=1) == expected and len(expected) == (12 if span is None else 6)
    assert asked == [1]
    assert all_of(clip, span) == expected and asked == [1], "the card is asked for as long as it was said"


def test_a_machine_without_a_card_decodes_as_ever(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4"))
    assert all_of(clip, card=63) == all_of(clip)
    with pytest.raises(acceleration.Unfit):
        next(acceleration.pictures(clip.path, 0, 63))


def test_what_a_damaged_clip_lacks_is_told_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = probe(truncated(write_clip(tmp_path / "a.mkv"), tmp_path / "cut.mkv", 0.6))
    plain = decode(clip)
    expected = [told(frame) for frame in plain]
    monkeypatch.setattr(acceleration, "pictures", played("nv12", ends_at=2))
    with acceleration.on_card(0):
        by_card = decode(clip)
        assert [told(frame) for frame in by_card] == expected
    assert by_card.trouble == plain.trouble


def test_pictures_of_a_card_keep_their_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4"))
    (plain, *_), tags = list(decode(clip)), ("colorspace", "color_range", "color_primaries", "color_trc", "time_base")
    monkeypatch.setattr(acceleration, "pictures", played("nv12"))
    with acceleration.on_card(0):
        (card, *_) = list(decode(clip))
    assert [getattr(card.picture, tag) for tag in tags] == [getattr(plain.picture, tag) for tag in tags]
    np.testing.assert_array_equal(card.picture.to_ndarray(), plain.picture.to_ndarray())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no card is here")
def test_a_real_card_decodes_as_the_cpu_does(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "h264.mp4", recipe=RECIPES["h264.mp4"][0]))
    assert len(list(acceleration.pictures(clip.path, clip.video.index, 0))) == 12
    assert all_of(clip, card=0) == all_of(clip)
