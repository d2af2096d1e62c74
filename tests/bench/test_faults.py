"""The injected faults: confined, graded, repeatable, gentle at the edges, and each of its own kind."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.bench.portrait import SIZE, SPAN, hurt, portrait

from facefix.bench.faults import FAULTS, VARIANTS, drift
from facefix.bench.faults.face_frame import face_frame
from facefix.types import Span

MODES = sorted(VARIANTS)


@pytest.fixture(scope="module")
def clip() -> tuple[list[NDArray[np.uint8]], NDArray[np.float32]]:
    return portrait()


@pytest.fixture(scope="module")
def spoil(clip):
    """Spoil the clip; what was made once is kept for the other tests, so nobody may write to it."""
    made = {}

    def once(mode: str, severity: float = 0.6, seed: int = 1) -> list[NDArray[np.uint8]]:
        key = mode, severity, seed
        if key not in made:
            made[key] = list(VARIANTS[mode].inject(clip[0], clip[1], severity, seed, SPAN))
        return made[key]

    return once


@pytest.mark.parametrize("mode", MODES)
def test_only_the_face_in_the_span_is_touched(clip, spoil, mode: str) -> None:
    frames, points = clip
    for t, (before, after) in enumerate(zip(frames, spoil(mode), strict=True)):
        if t not in SPAN:
            assert after is before
            continue
        y, x = np.mgrid[:SIZE, :SIZE]
        eyes, mouth = points[t, :2].mean(0), points[t, 3:].mean(0)
        centre, unit = (eyes + mouth) / 2, np.linalg.norm(points[t, 1] - points[t, 0])
        far = ((x - centre[0]) / (1.25 * unit)) ** 2 + ((y - centre[1]) / (1.6 * unit)) ** 2 > 1
        assert np.array_equal(before[far], after[far])
        if t == 15:
            assert hurt(before[~far], after[~far]) > 1


@pytest.mark.parametrize(("mode", "seed"), [(mode, 1) for mode in MODES] + [(mode, 8) for mode in sorted(FAULTS)])
def test_worse_is_worse_and_none_is_none(clip, spoil, mode: str, seed: int) -> None:
    damage = [
        np.mean([hurt(b, a) for b, a in zip(clip[0], spoil(mode, severity, seed), strict=True)])
        for severity in (0.0, 0.3, 0.6, 0.9)
    ]
    assert damage[0] == 0
    assert damage[1] > 0.02
    assert damage[2] > 1.2 * damage[1]
    assert damage[3] > 1.1 * damage[2]


@pytest.mark.parametrize("mode", MODES)
def test_a_seed_says_it_all(clip, spoil, mode: str) -> None:
    once, other = spoil(mode, seed=1), spoil(mode, seed=8)
    again = list(VARIANTS[mode].inject(clip[0], clip[1], 0.6, 1, SPAN))
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(once, other, strict=True))


@pytest.mark.parametrize("mode", MODES)
def test_it_begins_gently(clip, spoil, mode: str) -> None:
    per_frame = np.array([hurt(b, a) for b, a in zip(clip[0], spoil(mode), strict=True)])[5:25]
    # resampling a grainy face at all costs some damage at once, so the floor is not 0
    assert per_frame[0] < (0.6 if mode == "drift-step" else 0.45) * per_frame.max()
    if VARIANTS[mode].mode != "drift":
        assert np.argmax(per_frame) >= 3
        assert per_frame[-1] < 0.6 * per_frame.max()
    elif mode == "drift-step":
        assert per_frame[2:].min() > 0.85 * per_frame.max()
    else:
        assert per_frame[-1] > 0.95 * per_frame.max()
        assert np.corrcoef(per_frame, np.arange(20))[0, 1] > 0.9


@pytest.mark.parametrize("mode", MODES)
def test_the_envelope_tells_the_damage_of_each_frame(clip, spoil, mode: str) -> None:
    told = VARIANTS[mode].envelope(SPAN)
    assert told.shape == (len(SPAN),) and told.min() > 0 and told.max() <= 1 and told[0] < 0.5
    per_frame = np.array([hurt(b, a) for b, a in zip(clip[0], spoil(mode), strict=True)])[SPAN.start : SPAN.end]
    if VARIANTS[mode].mode != "flicker":
        assert np.corrcoef(told, per_frame)[0, 1] > 0.8


def test_flicker_forgets_and_the_others_remember(clip, spoil) -> None:
    def memory(mode: str) -> float:
        change = [cv2.GaussianBlur(a.astype(np.float32) - b, (0, 0), 2)[25:145, 40:130] for b, a in
                  zip(clip[0], spoil(mode), strict=True)]  # fmt: skip
        pairs = [np.corrcoef(change[t].ravel(), change[t + 1].ravel())[0, 1] for t in range(11, 19)]
        return float(np.mean(pairs))

    for name, fault in VARIANTS.items():
        if fault.mode == "flicker":
            assert memory(name) < 0.4, name
        else:
            assert memory(name) > 0.7, name


def test_wax_takes_the_pores_and_leaves_the_hair(clip, spoil) -> None:
    frames, points = clip
    waxed = spoil("waxy")
    t = 15
    unit = float(np.linalg.norm(points[t, 1] - points[t, 0]))
    # the person's left: no highlight, whose rim would count as detail
    cheek = 0.6 * points[t, 1] + 0.4 * points[t, 4] + [0.1 * unit, 0]
    hair = points[t, :2].mean(0) - [0, 0.75 * unit]

    def detail(picture: NDArray[np.uint8], at: NDArray[np.float32]) -> float:
        x, y, r = int(at[0]), int(at[1]), int(0.15 * unit)
        light = picture.astype(np.float32).mean(-1)
        return float((light - cv2.GaussianBlur(light, (0, 0), 1.0))[y - r : y + r, x - r : x + r].std())

    assert detail(waxed[t], cheek) < 0.5 * detail(frames[t], cheek)
    assert detail(waxed[t], hair) > 0.9 * detail(frames[t], hair)


def test_warp_moves_what_it_names(clip, spoil) -> None:
    frames, points = clip
    for seed in (1, 8):
        bent = spoil("warp", seed=seed)
        named = VARIANTS["warp"].regions(seed)
        assert named[0] == "nose" and len(named) == 4
        change = np.abs(bent[15].astype(float) - frames[15]).mean(-1)
        x, y = points[15, 2].astype(int)
        # the damage at the nose is well above that of the face's rim
        assert change[y - 10 : y + 10, x - 10 : x + 10].mean() > 2 * change[10:160, 15:155].mean()


@pytest.mark.parametrize("seed", range(8))
def test_drift_never_folds_the_face(clip, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """A grid of two ramps drawn on the face keeps its order: generators drift without breaking anything."""
    monkeypatch.setattr(drift, "TONE", 0.0)
    points = clip[1][-2:]
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    ramps = np.stack([30 + x, 30 + y, np.full_like(x, 90)], -1).astype(np.uint8)
    *_, last = VARIANTS["drift"].inject([ramps, ramps], points, 0.9, seed, Span(0, 2))
    smooth = cv2.GaussianBlur(last.astype(np.float32), (0, 0), 1)
    face = face_frame(points[-1].astype(float), SIZE, SIZE)
    inside = np.zeros((SIZE, SIZE), bool)
    inside[face.rows, face.columns] = face.region > 0.99
    gradient_x, gradient_y = np.gradient(smooth[..., 0], axis=1), np.gradient(smooth[..., 1], axis=0)
    assert gradient_x[inside].min() > 0.1
    assert gradient_y[inside].min() > 0.1


@pytest.mark.parametrize("mode", MODES)
def test_frames_without_a_face_pass(clip, mode: str) -> None:
    frames, points = clip
    points = points.copy()
    points[12] = np.nan
    points[14] += 5000
    spoiled = list(VARIANTS[mode].inject(frames, points, 0.6, 3, SPAN))
    assert spoiled[12] is frames[12]
    assert hurt(spoiled[9], frames[9]) > 0
    # far outside the picture, beyond what the smoothing of points brings near
    assert spoiled[14] is frames[14]


@pytest.mark.parametrize("mode", MODES)
def test_a_face_at_the_edge_is_no_accident(clip, mode: str) -> None:
    frames, points = clip
    spoiled = list(VARIANTS[mode].inject(frames, points - [62, 40], 0.9, 3, SPAN))
    assert spoiled[15].shape == frames[15].shape and spoiled[15].dtype == np.uint8
    assert not np.array_equal(spoiled[15], frames[15])


@pytest.mark.parametrize("mode", MODES)
def test_it_streams(clip, mode: str) -> None:
    frames, points = clip
    taken = 0

    def source() -> Iterator[NDArray[np.uint8]]:
        nonlocal taken
        for frame in frames:
            taken += 1
            yield frame

    stream = VARIANTS[mode].inject(source(), points, 0.6, 3, SPAN)
    for given in range(1, 13):
        next(stream)
        assert taken == given
