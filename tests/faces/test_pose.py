from __future__ import annotations

import numpy as np
import pytest

from facefix.faces.align import FFHQ_TEMPLATE
from facefix.faces.pose import CANONICAL, misfit, pose


def seen(yaw: float, pitch: float, roll: float, scale: float = 100) -> np.ndarray:
    """The canonical face turned by rotation matrices, written out on their own: nose to image right, down, clockwise."""
    y, p, r = np.radians([yaw, pitch, roll])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_y = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return scale * (CANONICAL @ (about_z @ about_y @ about_x).T)[:, :2] + [320, 240]


@pytest.mark.parametrize("roll", [0, 25, -170])
@pytest.mark.parametrize("pitch", [-25, 0, 20])
@pytest.mark.parametrize("yaw", [-80, -40, 0, 15, 60])
def test_turned_face_is_told_apart(yaw: float, pitch: float, roll: float) -> None:
    found = pose(seen(yaw, pitch, roll))
    # The prior pulls toward the front: by a tenth at most.
    assert found.yaw == pytest.approx(yaw, abs=2 + 0.12 * abs(yaw))
    if abs(yaw) > 70:
        return  # Seen from the side, nodding and rolling are nearly one turn.
    assert found.pitch == pytest.approx(pitch, abs=4 + 0.15 * abs(pitch) + 0.05 * abs(yaw))
    assert (found.roll - roll + 180) % 360 - 180 == pytest.approx(0, abs=4 + 0.05 * abs(yaw))


def test_signs_are_those_of_the_contract() -> None:
    right = FFHQ_TEMPLATE + [[0, 0], [0, 0], [30, 0], [0, 0], [0, 0]]
    down = FFHQ_TEMPLATE + [[0, 0], [0, 0], [0, 30], [0, 0], [0, 0]]
    angle = np.radians(20)
    clockwise = FFHQ_TEMPLATE @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    level = pose(FFHQ_TEMPLATE)
    assert pose(right).yaw > level.yaw + 10
    assert pose(down).pitch > level.pitch + 10
    assert pose(clockwise).roll == pytest.approx(level.roll + 20, abs=0.5)


def test_size_and_place_do_not_matter() -> None:
    points = seen(35, 10, 5)
    assert pose(points * 0.01 + 4000).yaw == pytest.approx(pose(points).yaw, abs=0.05)


def test_angle_changes_smoothly_through_a_noisy_turn() -> None:
    rng = np.random.default_rng(0)
    shape = rng.normal(0, 2, (5, 2))
    yaws = np.array([pose(seen(yaw, 8, 3) + shape).yaw for yaw in np.arange(-85, 85.1, 1)])
    steps = np.diff(yaws)
    assert steps.min() > -0.5
    assert steps.max() < 5


def test_finite_for_degenerate_points() -> None:
    for points in (np.zeros((5, 2)), np.outer(np.arange(5), [1, 2]), np.random.default_rng(1).normal(size=(5, 2))):
        found = pose(points)
        assert np.isfinite([found.yaw, found.pitch, found.roll]).all()


def test_misfit_tells_a_face_from_five_random_points() -> None:
    rng = np.random.default_rng(2)
    assert max(misfit(seen(yaw, 10, 0)) for yaw in (-60, 0, 45)) < 0.08
    assert misfit(np.full((5, 2), 7.0)) == 1
    assert np.median([misfit(rng.normal(size=(5, 2))) for _ in range(40)]) > 0.4
