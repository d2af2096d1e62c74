from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from facefix.diagnose.judge.judging import JUDGED, SIDE_PX
from facefix.faces.mesh import topology
from facefix.faces.mesh.mesher import Meshes
from facefix.pipeline.comparing import Comparison, Instruments
from facefix.types import Crop

RATE = 24.0


class Mesher:
    """Finds the same mesh in every picture that is not black."""

    def meshes(self, pictures: Any, points: Any, passes: int = 2) -> Meshes:
        across = np.linspace(0.3, 0.7, topology.POINTS) * SIDE_PX
        mesh = np.stack([across, across[::-1], np.zeros_like(across)], 1).astype(np.float32)
        sure = np.array([0.9 if np.max(p) > 0 else 0.1 for p in pictures], np.float32)
        return Meshes(np.stack([mesh] * len(pictures)), np.repeat(sure[:, None], topology.POINTS, 1))


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


def compared(levels: np.ndarray, unseen: slice | None = None) -> tuple[dict[str, np.ndarray], Comparison]:
    """Signals of a track whose face has the given brightness 0..1 in each frame."""
    comparison = Comparison(Instruments(Mesher(), Judge()), RATE)  # type: ignore[arg-type]
    hidden = set(range(len(levels))[unseen]) if unseen else set()
    for frame, level in enumerate(levels):
        pixels = np.full((SIDE_PX, SIDE_PX, 3), level, np.float32)
        comparison.push(Crop(frame, pixels, np.eye(2, 3, dtype=np.float32)), frame not in hidden)
    return comparison.finish(), comparison


def test_a_short_change_stands_out_from_its_neighbours_and_from_the_beginning() -> None:
    levels = np.full(140, 0.5)
    levels[80:90] = 0.9
    signals, _ = compared(levels)
    assert set(signals) == {f"{kind}_{mode}" for kind in ("near", "early") for mode in JUDGED}
    for kind in ("near", "early"):
        told = signals[f"{kind}_warp"]
        assert told[81:89] == pytest.approx(0.4, abs=0.02)
        assert told[70:78].max() < 0.02
        assert told[94:98].max() < 0.02
    # One of three frames that the face is held against is itself at fault: it has a third of the say.
    assert signals["near_warp"][62:68] == pytest.approx(0.4 / 3, abs=0.02)


def test_a_slow_change_shows_against_the_beginning_only() -> None:
    signals, _ = compared(np.linspace(0.3, 0.7, 160))
    assert signals["early_warp"][-1] > 0.3
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
