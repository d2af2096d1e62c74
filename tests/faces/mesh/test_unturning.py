from __future__ import annotations

import numpy as np
import pytest

from facefix.faces.mesh import shape, topology
from facefix.faces.mesh.unturning import AREAS, AREAS_MIRRORED, REGION_POINTS, unturn
from facefix.types import REGIONS


def test_every_area_has_its_mirror_image_and_every_region_its_points() -> None:
    mirrored = [set(np.array(topology.MIRROR)[list(area)]) for area in AREAS]
    assert all(set(AREAS[k]) == mirrored[i] for i, k in enumerate(AREAS_MIRRORED))
    assert set(REGION_POINTS) == set(REGIONS)


def test_what_is_turned_moved_and_scaled_has_the_same_shape() -> None:
    model = shape.load()
    mean = model.mean.astype(np.float32)
    mean[list(topology.NOSE), 0] += 0.05
    yaw = np.radians(20)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]], np.float32)
    sure = np.linspace(0.5, 1, len(mean)).astype(np.float32)
    still, turned = unturn(model, mean, sure), unturn(model, 130 * mean @ turn.T + 40, sure)
    assert np.abs(still.shape - turned.shape).max() < 1e-3
    assert abs(abs(turned.pose.yaw - still.pose.yaw) - 20) < 0.1
    assert still.places[REGIONS.index("nose"), 0] > 0.02
    assert still.confidence[5] == pytest.approx(sure[list(topology.LIPS)].mean(), abs=1e-5)
