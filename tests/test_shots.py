"""A hard cut is a cut; motion, flashes and stutter are not."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from skimage import data

from facefix.shots import ShotDetector
from facefix.types import Span

_SIZE = (160, 120)


def _scene(name: str, frames: int, speed_px: float = 1.0, seed: int = 0) -> list[np.ndarray]:
    """A pan over a photograph with some grain: consecutive frames differ by `speed_px`."""
    picture = getattr(data, name)()
    picture = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    large = cv2.resize(picture[..., :3], (480, 360), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(seed)
    views = []
    for number in range(frames):
        shift = (number * speed_px) % 300
        moved = cv2.warpAffine(large, np.float32([[1, 0, -shift], [0, 1, -shift / 3]]), _SIZE, borderMode=cv2.BORDER_REFLECT)
        views.append(np.clip(moved + rng.normal(0, 2, moved.shape), 0, 255).astype(np.uint8))
    return views


def _lit(frame: np.ndarray) -> np.ndarray:
    """With two and a half times the light, what is too bright cut off."""
    return np.clip(255 * (2.5 * (frame / 255) ** 2.2) ** (1 / 2.2), 0, 255).astype(np.uint8)


def _cuts(frames: list[np.ndarray], first: int = 0) -> list[int]:
    detector = ShotDetector()
    for index, frame in enumerate(frames, start=first):
        detector.push(index, frame)
    shots = detector.finish(first + len(frames))
    assert [shot.index for shot in shots] == list(range(len(shots)))
    assert shots[0].span.start == first and shots[-1].span.end == first + len(frames)
    assert all(a.span.end == b.span.start for a, b in itertools.pairwise(shots))
    return [shot.span.start for shot in shots[1:]]


@pytest.mark.parametrize("speed_px", [0.0, 1.0, 6.0])
def test_every_hard_cut_is_found_where_it_is(speed_px: float) -> None:
    names = ["astronaut", "coffee", "rocket", "chelsea", "astronaut"]
    scenes = [_scene(name, 9 + 4 * n, speed_px, seed=n) for n, name in enumerate(names)]
    joints = np.cumsum([len(scene) for scene in scenes])[:-1].tolist()
    assert _cuts([frame for scene in scenes for frame in scene]) == joints


@pytest.mark.parametrize("length", [1, 2, 3])
def test_cuts_next_to_the_ends_are_found(length: int) -> None:
    long, short = _scene("astronaut", 20), _scene("coffee", length)
    assert _cuts(long + short) == [20]
    assert _cuts(short + long) == [length]


def test_a_cut_to_a_close_up_of_the_same_scene_is_found() -> None:
    wide = _scene("astronaut", 15, 0.3)
    close = [cv2.resize(frame[20:75, 40:113], _SIZE) for frame in _scene("astronaut", 15, 0.3, seed=1)]
    assert _cuts(wide + close) == [15]


@pytest.mark.parametrize("speed_px", [2.0, 12.0, 25.0])
def test_a_fast_camera_is_no_cut(speed_px: float) -> None:
    assert _cuts(_scene("astronaut", 40, speed_px)) == []


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_no_cut(length: int) -> None:
    frames = _scene("astronaut", 40)
    for number in range(18, 18 + length):
        frames[number] = np.clip(frames[number] * 1.5 + 110, 0, 255).astype(np.uint8)
    assert _cuts(frames) == []


@pytest.mark.parametrize("length", [4, 8, 22])
@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
def test_more_light_is_no_cut_however_long_it_stays(name: str, length: int) -> None:
    frames = _scene(name, 40)
    frames[18 : 18 + length] = [_lit(frame) for frame in frames[18 : 18 + length]]
    assert _cuts(frames) == []


def test_a_cut_into_a_flash_is_a_cut() -> None:
    assert _cuts(_scene("astronaut", 20) + [_lit(frame) for frame in _scene("coffee", 20)]) == [20]


def test_stutter_is_no_cut() -> None:
    moving = _scene("astronaut", 20, 9.0)
    assert _cuts([frame for frame in moving for _ in range(3)]) == []
    frozen = _scene("astronaut", 1) * 20
    assert _cuts(frozen + _scene("astronaut", 20, 2.0)) == []


def test_a_fade_of_the_light_is_no_cut() -> None:
    frames = [
        (frame * gain).astype(np.uint8) for frame, gain in zip(_scene("astronaut", 40), np.linspace(1, 0.2, 40), strict=True)
    ]
    assert _cuts(frames) == []


def test_a_blended_cut_counts_once() -> None:
    a, b = _scene("astronaut", 15), _scene("coffee", 15)
    cuts = _cuts([*a, cv2.addWeighted(a[-1], 0.5, b[0], 0.5, 0), *b])
    assert len(cuts) == 1 and cuts[0] in (15, 16)


def test_a_range_keeps_its_frame_numbers() -> None:
    assert _cuts(_scene("astronaut", 12) + _scene("coffee", 12), first=700) == [712]


def test_shots_end_with_what_was_seen() -> None:
    """A detector fed with a range knows nothing of the rest of the clip."""
    detector = ShotDetector()
    for index, frame in enumerate(_scene("astronaut", 12), start=30):
        detector.push(index, frame)
    assert [shot.span for shot in detector.finish(500)] == [Span(30, 42)]


def test_deep_pixels_are_judged_alike() -> None:
    frames = [frame.astype(np.uint16) * 257 for frame in _scene("astronaut", 12) + _scene("coffee", 12)]
    assert _cuts(frames) == [12]


def test_few_or_no_frames() -> None:
    assert ShotDetector().finish(0) == ()
    assert _cuts(_scene("astronaut", 1)) == []
    assert _cuts(_scene("astronaut", 1) + _scene("coffee", 1)) in ([], [1])
