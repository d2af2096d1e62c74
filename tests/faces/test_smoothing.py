from __future__ import annotations

import numpy as np
import pytest
from tests.faces.people import seen

from facefix.faces.smoothing import smooth, whittaker
from facefix.types import Face, Track

RATE = 25.0


def track(faces: list[Face]) -> Track:
    return Track(0, 0, tuple(faces))


def points(t: Track) -> np.ndarray:
    return np.stack([face.points for face in t.faces]).astype(float)


def jitter(values: np.ndarray) -> float:
    return float(np.sqrt((np.diff(values, 2, axis=0) ** 2).mean()))


def moved(count: int, seed: int | None, **motion: np.ndarray | float) -> list[Face]:
    """A face of 100 px through a motion, its points trembling by 1 px (standard deviation) where a seed is given."""
    rng = np.random.default_rng(seed)
    given = {"x": 300.0, "y": 200.0, "size": 100.0, "roll": 0.0} | motion
    at = {name: np.broadcast_to(value, count) for name, value in given.items()}
    return [
        seen(
            i,
            float(at["x"][i]),
            float(at["y"][i]),
            float(at["size"][i]),
            float(at["roll"][i]),
            trembling=0.0 if seed is None else rng.normal(0, 1, (5, 2)),
        )
        for i in range(count)
    ]


FRAMES = np.arange(120)
MOTIONS = {
    "still": {},
    "pan": {"x": 100 + 6.0 * FRAMES},
    "zoom": {"size": 60 * 1.01**FRAMES},
    "tilt": {"roll": 25 * np.sin(FRAMES / 20)},
    "walk": {"x": 100 + 3.0 * FRAMES, "y": 200 + 6 * np.abs(np.sin(FRAMES / 4))},
    "start": {"x": 300 + 12.0 * np.clip(FRAMES - 60, 0, 20)},
}


@pytest.mark.parametrize("name", MOTIONS)
def test_trembling_goes_and_motion_stays(name: str) -> None:
    truth = points(track(moved(120, None, **MOTIONS[name])))
    raw = track(moved(120, 7, **MOTIONS[name]))
    smoothed = points(smooth(raw, RATE))
    assert np.sqrt(((smoothed - truth) ** 2).mean()) < 0.75 * np.sqrt(((points(raw) - truth) ** 2).mean())
    assert jitter(smoothed - truth) < 0.4 * jitter(points(raw) - truth)


def test_a_calm_face_trembles_by_a_fifth_at_most() -> None:
    raw = track(moved(200, 3))
    assert jitter(points(smooth(raw, RATE))) < 0.12 * jitter(points(raw))


@pytest.mark.parametrize("name", MOTIONS)
def test_exact_points_hardly_move(name: str) -> None:
    exact = track(moved(120, None, **MOTIONS[name]))
    assert np.abs(points(smooth(exact, RATE)) - points(exact)).max() < 0.3


def test_a_shaken_camera_is_followed() -> None:
    """Real motion that is as random as noise: only the shape of the face tells them apart."""
    shake = 300 + np.random.default_rng(5).normal(0, 8, 120)
    truth = points(track(moved(120, None, x=shake)))
    smoothed = points(smooth(track(moved(120, 6, x=shake)), RATE))
    assert np.sqrt(((smoothed - truth).mean(1) ** 2).mean()) < 2


def test_nothing_lags() -> None:
    wave = 300 + 60 * np.sin(FRAMES / 8)
    smoothed = points(smooth(track(moved(120, 1, x=wave)), RATE)).mean(1)[:, 0]
    lags = [np.corrcoef(smoothed[10:110], wave[10 + lag : 110 + lag])[0, 1] for lag in (-1, 0, 1)]
    assert np.argmax(lags) == 1


def test_one_wild_frame_does_not_pull_its_neighbours() -> None:
    faces = moved(60, 2)
    faces[30] = seen(30, 312, 190, 100)
    smoothed = points(smooth(track(faces), RATE)).mean(1)
    assert np.abs(smoothed[[26, 27, 33, 34]] - points(track(moved(60, None))).mean(1)[:1]).max() < 3


def test_filled_frames_give_way_to_seen_ones() -> None:
    path = 100 + 4.0 * np.arange(60)
    faces = moved(60, 9, x=path)
    faces[20:30] = [Face(f.frame, f.box, f.points + np.float32(6), 0.0) for f in faces[20:30]]
    off = np.abs(points(smooth(track(faces), RATE)) - points(track(moved(60, None, x=path)))).mean((1, 2))
    assert off[:18].mean() < 0.8
    assert off[20:30].mean() < 3


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9])
def test_short_tracks_stay_finite_and_near(count: int) -> None:
    raw = track(moved(count, 4))
    smoothed = smooth(raw, RATE)
    assert [f.frame for f in smoothed.faces] == [f.frame for f in raw.faces]
    assert np.abs(points(smoothed) - points(raw)).max() < 5


def test_box_follows_the_face_and_everything_else_is_kept() -> None:
    raw = track(moved(80, 8, x=100 + 5.0 * np.arange(80)))
    smoothed = smooth(raw, RATE)
    truth = np.stack([f.box for f in moved(80, None, x=100 + 5.0 * np.arange(80))])
    assert np.abs(np.stack([f.box for f in smoothed.faces]) - truth).max() < 1.5
    assert [(f.frame, f.score) for f in smoothed.faces] == [(f.frame, f.score) for f in raw.faces]


def test_a_turn_through_180_degrees_does_not_unwind() -> None:
    roll = np.linspace(150, 210, 60)
    smoothed = points(smooth(track(moved(60, 1, roll=roll)), RATE))
    assert np.abs(smoothed - points(track(moved(60, None, roll=roll)))).max() < 3


def test_whittaker_halves_what_a_gaussian_of_its_width_halves() -> None:
    sigma, frames = 6.0, np.arange(600)
    wave = np.cos(1.1774 / sigma * frames).astype(np.float64)
    smoothed = whittaker(wave, np.ones(600), np.full(600, sigma))
    assert np.abs(smoothed[200:400]).max() == pytest.approx(0.5, abs=0.02)
    line = 3 - 0.2 * frames.astype(np.float64)
    assert whittaker(line, np.ones(600), np.full(600, sigma)) == pytest.approx(line, abs=1e-6)
