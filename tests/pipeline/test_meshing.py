"""The mesh in the Python result, on the sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facefix import Settings, analyse
from facefix.faces.mesh import topology
from facefix.types import Analysis

SHORT = Path(__file__).resolve().parents[2] / "samples" / "astronaut_short.mp4"


@pytest.fixture(scope="module")
def meshed() -> Analysis:
    return analyse(SHORT, Settings(range="2-12", device="cpu"), meshes=True)


def test_every_face_has_its_mesh_where_its_points_are(meshed: Analysis) -> None:
    (diagnosis,) = meshed.diagnoses
    assert len(diagnosis.track.faces) == 10
    for face in diagnosis.track.faces:
        assert face.mesh is not None and face.mesh.shape == (topology.POINTS, 3)
        eyes = [face.mesh[list(ring), :2].mean(0) for ring in (topology.RIGHT_EYE, topology.LEFT_EYE)]
        apart = np.linalg.norm(face.points[0] - face.points[1])
        assert np.linalg.norm(np.stack(eyes) - face.points[:2], axis=1).max() < 0.2 * apart


def test_without_being_asked_there_are_none() -> None:
    (diagnosis,) = analyse(SHORT, Settings(range="2-5", device="cpu")).diagnoses
    assert all(face.mesh is None for face in diagnosis.track.faces)
