from __future__ import annotations

import numpy as np
import pytest

from facefix.faces.mesh import areas, shape, topology


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    """The mean face, unturned, 100 px between the outer eye corners, in the middle of a 300 x 300 picture."""
    return (shape.load().mean * 100 + [150, 150, 0]).astype(np.float32)


def turned(face: np.ndarray, yaw: float) -> np.ndarray:
    """Turned by degrees about the middle of the head; positive: toward image right."""
    a = np.radians(yaw)
    matrix = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    centre = np.array([150, 150, 60])
    return ((face - centre) @ matrix.T + centre).astype(np.float32)


def test_areas_lie_in_one_another(face: np.ndarray) -> None:
    size = (300, 300)
    hull, skin, eyes = areas.hull(face, size), areas.skin(face, size), areas.eyes(face, size)
    lips, mouth = areas.lips(face, size), areas.inner_mouth(face, size)
    assert 0.15 < hull.mean() < 0.5
    for part in (skin, eyes, lips, mouth):
        assert (part <= hull).all()
    assert not (skin & eyes).any()
    assert not (skin & lips).any()
    assert not (lips & mouth).any()
    assert skin.sum() > 0.7 * hull.sum()
    x, y = face[468, :2].round().astype(int)
    assert eyes[y, x]


def test_a_frontal_face_shows_both_sides_and_a_turned_one_shows_one(face: np.ndarray) -> None:
    assert areas.facing(face)[[1, 151, 50, 280]].min() > 0.3
    right, left = areas.visible_sides(face)
    assert min(right, left) > 0.85
    # Toward image right: the person's right side, image left, stays in view.
    right, left = areas.visible_sides(turned(face, 60))
    assert right > 0.85
    assert left < 0.6
    assert areas.visible_sides(turned(face, -60))[0] == pytest.approx(left, abs=0.05)


def test_halves_mirror_each_other() -> None:
    assert {int(topology.MIRROR[i]) for i in areas.RIGHT_HALF} == set(areas.LEFT_HALF)
    assert not set(areas.RIGHT_HALF) & set(areas.LEFT_HALF)
