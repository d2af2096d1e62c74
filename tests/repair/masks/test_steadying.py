from __future__ import annotations

import numpy as np
import pytest

from facefix.repair.masks.steadying import LOOK, steadied

SIDE = 48


def half(edge: float) -> np.ndarray:
    """(SIDE, SIDE) a face to the left of an edge, which need not lie between two cells."""
    cells = np.clip(edge - np.arange(SIDE), 0, 1)
    return np.rint(255 * np.tile(cells, (SIDE, 1))).astype(np.uint8)


def edges(maps: dict[int, np.ndarray]) -> np.ndarray:
    """Where along a row the share falls, cells: as if it fell at once."""
    return np.array([maps[frame][SIDE // 2].sum() / 255 for frame in sorted(maps)])


def test_a_trembling_edge_stands_still_and_never_reaches_beyond_the_face() -> None:
    random = np.random.default_rng(0)
    raw = {frame: half(24 + random.normal(0, 1.0)) for frame in range(60)}
    out = steadied(raw)
    assert sorted(out) == list(range(60))
    for frame, share in out.items():
        assert (share <= raw[frame]).all() and not share[raw[frame] < 128].any()
    jumps = [np.abs(np.diff(edges(maps))).mean() for maps in (raw, out)]
    assert jumps[1] < 0.15 * jumps[0]
    assert edges(out).min() > 24 - 8


def test_a_still_face_keeps_its_inside_and_has_a_soft_edge() -> None:
    share = steadied({frame: half(24) for frame in range(9)})[4]
    assert (share[:, :18] == 255).all() and not share[:, 23:].any()
    assert np.abs(np.diff(share[SIDE // 2].astype(int))).max() < 120
    np.testing.assert_array_equal(steadied({frame: np.full((SIDE, SIDE), 255, np.uint8) for frame in range(9)})[0], 255)


def test_what_comes_and_goes_is_left_alone_at_once_and_let_go_of_slowly() -> None:
    open_face, covered = half(SIDE), half(SIDE)
    covered[:, 20:28] = 0
    out = steadied({frame: covered if 30 <= frame < 34 else open_face for frame in range(60)})
    course = np.array([out[frame][SIDE // 2, 24] for frame in range(60)], float)
    assert not course[30:34].any()
    assert (course[: 30 - LOOK] == 255).all() and (course[34 + LOOK :] == 255).all()
    assert np.abs(np.diff(course)).max() < 90, "nothing switches"
    np.testing.assert_array_equal(course[4:60], course[4:60][::-1], "nothing lags")


@pytest.mark.parametrize("frames", [[5], [5, 6], [1, 2, 3, 9, 10, 11]])
def test_short_stretches_and_gaps_are_smoothed_apart(frames: list[int]) -> None:
    raw = {frame: half(24) if frame < 8 else half(10) for frame in frames}
    out = steadied(raw)
    for frame in frames:
        np.testing.assert_array_equal(out[frame], steadied({0: raw[frame]})[0])


def test_nothing_is_nothing() -> None:
    assert steadied({}) == {}
