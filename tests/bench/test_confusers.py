"""Confusers: real footage's changes, each of its own kind, none of them a fault."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.bench.portrait import FRAMES, SIZE, SPAN, hurt, portrait

from facefix.bench.confusers import CONFUSERS
from facefix.types import Span

NAMES = sorted(CONFUSERS)
LOCAL = sorted(name for name in CONFUSERS if not CONFUSERS[name].whole)


@lru_cache(maxsize=32)
def made(name: str, seed: int = 1, span: Span = SPAN) -> list[NDArray[np.uint8]]:
    frames, points = portrait()
    return list(CONFUSERS[name].inject(frames, points, seed, span))


def light(pictures: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
    return np.array([float(p.mean()) for p in pictures])


@pytest.mark.parametrize("name", NAMES)
def test_it_changes_the_picture_in_its_span_alone_and_again_alike(name: str) -> None:
    frames = portrait()[0]
    once, again = made(name), made.__wrapped__(name)
    assert len(once) == FRAMES
    assert all(a.shape == b.shape and a.dtype == np.uint8 for a, b in zip(once, frames, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert all(np.array_equal(once[t], frames[t]) for t in range(FRAMES) if t not in SPAN)
    # make-up lies on the skin alone, a sixth of the picture
    assert max(hurt(once[t], frames[t]) for t in range(FRAMES)) > (0.5 if name == "make-up" else 1)
    other = made(name, 2)
    assert any(not np.array_equal(a, b) for a, b in zip(once, other, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_it_streams(name: str) -> None:
    frames, points = portrait()
    taken = 0

    def source() -> Iterator[NDArray[np.uint8]]:
        nonlocal taken
        for frame in (frame for _ in range(3) for frame in frames):
            taken += 1
            yield frame

    stream = CONFUSERS[name].inject(source(), np.concatenate([points] * 3), 1, Span(0, 90))
    for given in range(1, 12 if CONFUSERS[name].inject is not CONFUSERS["compression"].inject else 40):
        next(stream)
        assert taken <= given + (25 if "compression" in name else 0)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"flash", "grain", "compression", "compression-all", "zoom", "make-up"}))
def test_it_comes_and_goes_gently(name: str) -> None:
    change = [hurt(a, b) for a, b in zip(made(name), portrait()[0], strict=True)]
    assert max(change[SPAN.start], change[SPAN.end - 1]) < 0.6 * max(change)


@pytest.mark.parametrize("name", ["light", "side-light"])
def test_light_changes_slowly(name: str) -> None:
    ratio = [cv2.GaussianBlur(a, (0, 0), 5) / np.maximum(cv2.GaussianBlur(b, (0, 0), 5).astype(float), 8)
             for a, b in zip(made(name), portrait()[0], strict=True)]  # fmt: skip
    steps = np.abs(np.diff(np.log(np.stack(ratio)), axis=0)).mean(axis=(1, 2, 3))
    total = np.abs(np.log(ratio[15])).mean()
    assert total > 0.08 and steps.max() < 0.3 * total


def test_light_from_a_side_makes_one_half_brighter_than_the_other() -> None:
    change = made("side-light")[15].astype(float).mean(-1) - portrait()[0][15].astype(float).mean(-1)
    left, right = change[60:110, 40:75].mean(), change[60:110, 95:130].mean()
    assert left * right < 0


def test_a_flash_is_short_bright_and_everywhere() -> None:
    before, after = light(portrait()[0]), light(made("flash"))
    lit = after > 1.1 * before
    assert 1 <= lit.sum() <= 12
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lit.astype(int), [0]])))
    t = int(np.argmax(after - before))
    corner = made("flash")[t][:20, :20].mean() / portrait()[0][t][:20, :20].mean()
    assert (edges[1::2] - edges[::2]).min() <= 4 and corner > 1.05


def test_grain_is_new_in_every_frame_and_keeps_the_light() -> None:
    noise = [a.astype(float) - b for a, b in zip(made("grain"), portrait()[0], strict=True)]
    assert abs(np.corrcoef(noise[10].ravel(), noise[11].ravel())[0, 1]) < 0.05
    assert abs(noise[10].mean()) < 0.5 and 2 < noise[10].std() < 9


def test_make_up_holds_still() -> None:
    points = portrait()[1]
    change = [cv2.GaussianBlur(a.astype(np.float32) - b, (0, 0), 1.5)
              for a, b in zip(made("make-up", span=Span(0, FRAMES)), portrait()[0], strict=True)]  # fmt: skip
    # Follow the face: what was put on stays on the skin.
    centred = [cv2.getRectSubPix(c, (70, 90), points[t].mean(0).tolist()) for t, c in enumerate(change)]
    pairs = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairwise(centred)]
    assert np.mean(pairs) > 0.7


def test_blur_and_focus_soften_everything() -> None:
    def sharpness(picture: NDArray[np.uint8]) -> float:
        return float(cv2.Laplacian(cv2.GaussianBlur(picture, (0, 0), 1.0), cv2.CV_32F).std())

    for name in ("motion-blur", "soft-focus", "compression"):
        ratios = [sharpness(a) / sharpness(b) for a, b in zip(made(name), portrait()[0], strict=True)]
        assert min(ratios) < 0.85, name


def test_zoom_ends_at_another_size_without_borders() -> None:
    zoomed = made("zoom", span=Span(0, FRAMES))
    ends = [hurt(zoomed[t], portrait()[0][t]) for t in (0, FRAMES - 1)]
    assert max(ends) > 5 * min(ends) and min(ends) < 6


@pytest.mark.parametrize("name", ["hand", "object"])
def test_a_cover_hides_a_part_and_leaves_the_rest(name: str) -> None:
    for seed in (1, 2):
        frames, after = portrait()[0], made(name, seed)
        y, x = np.mgrid[:SIZE, :SIZE]
        face = np.hypot(x - 85, (y - 92) / 1.2) < 45
        changed = np.abs(after[15].astype(float) - frames[15]).max(-1) > 20
        assert 0.1 < changed[face].mean() < 0.95, seed
        assert not changed.all()
