"""Which sound frames are compared with a damaged one."""

from __future__ import annotations

import numpy as np
from tests.repair import faces

from facefix.repair.registration.keys import KEYS, nearest


def bent(mouth: float) -> np.ndarray:
    """The usual mesh, its lower half drawn down."""
    mesh = faces.mesh().copy()
    mesh[:, 1] += mouth * np.clip(mesh[:, 1] - mesh[:, 1].mean(), 0, None)
    return mesh


def test_the_most_alike_come_first() -> None:
    meshes = [bent(0.3), bent(0.02), bent(0.1), bent(0.2)]
    assert nearest([0, 10, 20, 30], meshes, 15, bent(0.0)) == [1, 2, 3]


def test_where_a_face_lies_and_how_large_it_is_does_not_count() -> None:
    far = (bent(0.0) * 1.3 + 40).astype(np.float32)
    assert nearest([0, 10], [bent(0.1), far], 5, bent(0.0))[0] == 1


def test_neighbours_are_left_out_and_time_decides_between_equals() -> None:
    frames = [0, 1, 2, 3, 40, 41, 80]
    chosen = nearest(frames, [bent(0.0)] * len(frames), 42, bent(0.0))
    assert [frames[k] for k in chosen] == [41, 80, 3]


def test_there_are_few() -> None:
    frames = list(range(0, 100, 5))
    assert len(nearest(frames, [bent(0.0)] * len(frames), 50, bent(0.0))) == KEYS
    assert nearest([7], [bent(0.0)], 50, bent(0.0)) == [0]
