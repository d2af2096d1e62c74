from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from facefix.diagnose.judge.judging import JUDGED, SIDE_PX
from facefix.faces.mesh import placing, topology
from facefix.pipeline.comparing import SMALLEST_PX, Comparison, _in_crop
from facefix.types import Crop, Placed

RATE = 24.0


def mesh() -> np.ndarray:
    """(478, 3) a flat strip across the face, in source pixels: the crop is the source."""
    across = np.linspace(0.3, 0.7, topology.POINTS) * SIDE_PX
    return np.stack([across, across[::-1], np.zeros_like(across)], 1).astype(np.float32)


class Judge:
    """Calls the difference of a face's brightness from the mean of the others its warp."""

    def __init__(self) -> None:
        self.shown: list[list[float]] = []

    def judge(self, faces: Any, anchors: Any, guides: Any) -> np.ndarray:
        told = np.zeros((len(faces), len(JUDGED)), np.float32)
        for n, (face, others) in enumerate(zip(faces, anchors, strict=True)):
            levels = [float(np.median(o.pixels)) for o in others]
            self.shown.append(levels)
            told[n, 0] = abs(float(np.median(face)) - np.mean(levels))
        return told


@pytest.fixture(autouse=True)
def placed_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """All faces here hold still; how others are placed on a face that moves is tested where it is done."""
    whole = np.ones((SIDE_PX, SIDE_PX), np.float32)
    monkeypatch.setattr(placing, "place", lambda picture, *_: Placed(picture, whole))
    monkeypatch.setattr(placing, "guide", lambda *_: np.zeros((placing.GRID_PX, placing.GRID_PX, 2), np.float32))


def compared(levels: np.ndarray, unseen: slice | None = None, face_px: float = 100) -> tuple[dict[str, np.ndarray], Comparison]:
    """Signals of a track whose face has the given brightness 0..1 in each frame."""
    comparison = Comparison(Judge(), RATE)  # type: ignore[arg-type]
    hidden = set(range(len(levels))[unseen]) if unseen else set()
    for frame, level in enumerate(levels):
        pixels = np.full((SIDE_PX, SIDE_PX, 3), level, np.float32)
        crop = Crop(frame, pixels, np.eye(2, 3, dtype=np.float32))
        comparison.push(crop, None if frame in hidden or level == 0 else mesh(), face_px)
    return comparison.finish(), comparison


def test_a_short_change_stands_out_from_its_neighbours_and_from_the_beginning() -> None:
    levels = np.full(140, 0.5)
    levels[80:90] = 0.9
    signals, _ = compared(levels)
    assert set(signals) == {f"{kind}_{mode}" for kind in ("near", "early") for mode in JUDGED}
    for kind in ("near", "early"):
        told = signals[f"{kind}_warp"]
        assert told[81:89] == pytest.approx(0.4, abs=0.02)
        assert told[40:56].max() < 0.02
        assert told[76:79].max() < 0.2
    # Where a frame that the face is held against is itself at fault, it has a third of the say.
    assert signals["near_warp"][66:68] == pytest.approx(0.4 / 3, abs=0.02)


def test_a_slow_change_shows_against_the_beginning_only() -> None:
    signals, _ = compared(np.linspace(0.3, 0.7, 160))
    assert signals["early_warp"][-1] > 0.28
    assert np.nanmax(signals["near_warp"][40:-40]) < 0.1


def test_frames_without_a_face_are_gaps() -> None:
    levels = np.full(120, 0.5)
    levels[60:72] = 0.0
    signals, _ = compared(levels, unseen=slice(20, 32))
    for gap in (slice(24, 28), slice(64, 68)):
        assert np.isnan(signals["near_warp"][gap]).all()
    assert np.isfinite(signals["near_warp"][[5, 50, 90, 119]]).all()


@pytest.mark.parametrize("length", [1, 3, 20, 50])
def test_short_tracks_are_compared_with_what_there_is(length: int) -> None:
    levels = np.full(length, 0.5)
    signals, _ = compared(levels)
    assert all(len(values) == length for values in signals.values())
    assert np.isfinite(signals["near_warp"]).all() == (length > 3)


def test_memory_does_not_grow_with_the_track() -> None:
    assert len(compared(np.full(160, 0.5))[1]._ring) == len(compared(np.full(110, 0.5))[1]._ring)


def test_a_track_without_any_face_is_not_measured() -> None:
    signals, _ = compared(np.zeros(40))
    assert all(np.isnan(values).all() for values in signals.values())


def test_a_face_too_small_to_compare_is_not_measured() -> None:
    signals, _ = compared(np.full(40, 0.5), face_px=SMALLEST_PX - 1)
    assert all(np.isnan(values).all() for values in signals.values())


def test_a_mesh_follows_its_crop() -> None:
    turn = np.array([[1.5, 0, 4], [0, 1.5, -2]], np.float32)
    crop = Crop(0, np.zeros((2 * SIDE_PX, 2 * SIDE_PX, 3), np.float32), turn)
    found = _in_crop(np.array([[10, 20, 8]], np.float32), crop)
    assert found == pytest.approx(np.array([[(10 * 1.5 + 4.5) / 2 - 0.5, (20 * 1.5 - 1.5) / 2 - 0.5, 6.0]]))
