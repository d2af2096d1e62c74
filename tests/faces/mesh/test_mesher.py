from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from facefix.errors import ModelError
from facefix.faces.detectors import DETECTORS
from facefix.faces.mesh import framing, topology
from facefix.faces.mesh.mesher import LOST, Mesher, follow
from facefix.faces.mesh.network import MeshNetwork, fold

MARKED = np.array([[203, 101], [247.5, 104], [224.5, 126], [203.5, 140.5], [243, 141.5]])
"""The portrait's five points, marked by hand."""


@lru_cache(maxsize=1)
def mesher() -> Mesher:
    return Mesher("cpu")


@pytest.fixture(scope="module")
def portrait() -> tuple[np.ndarray, np.ndarray]:
    """A picture and the detector's points of the face in it."""
    data = pytest.importorskip("skimage.data")
    rgb = data.astronaut()
    face = next(iter(DETECTORS.values())).load("cpu").detect([rgb], [0])[0][0]
    return rgb, face.points


def gap(first: np.ndarray, second: np.ndarray) -> float:
    """Mean distance (x, y) of the points in outer eye corner distances."""
    size = np.linalg.norm(second[33] - second[263])
    return float(np.linalg.norm((first - second)[:, :2], axis=1).mean() / size)


def test_the_mesh_lies_where_the_face_is(portrait: tuple[np.ndarray, np.ndarray]) -> None:
    rgb, points = portrait
    answer = mesher().meshes([rgb], points[None])
    assert answer.points.shape == (1, 478, 3)
    assert answer.confidence.shape == (1, 478)
    assert answer.scores[0] > 1.5 * LOST
    five = framing.five_points(answer.points[0])
    assert np.linalg.norm(five - MARKED, axis=1).max() < 0.15 * np.linalg.norm(MARKED[0] - MARKED[1])
    nose, cheek = answer.points[0, 1, 2], answer.points[0, 234, 2]
    assert nose < cheek, "the nose is nearer to the viewer than the side of the face"
    assert abs(answer.points[0, : topology.SKIN_POINTS, 2].mean()) < 1e-3


def test_a_second_pass_forgives_the_detector(portrait: tuple[np.ndarray, np.ndarray]) -> None:
    rgb, points = portrait
    exact = mesher().meshes([rgb], points[None], passes=3).points[0]
    unit = np.linalg.norm(points[0] - points[1])
    off = points + np.random.default_rng(0).normal(0, 0.12, points.shape) * unit
    once, twice = (mesher().meshes([rgb], off[None], passes=n).points[0] for n in (1, 2))
    assert gap(twice, exact) < gap(once, exact)
    assert gap(twice, exact) < 0.02


def test_faces_of_a_batch_do_not_mix(portrait: tuple[np.ndarray, np.ndarray]) -> None:
    rgb, points = portrait
    dark = (rgb * 0.5).astype(np.uint8)
    both = mesher().meshes([rgb, dark], np.stack([points, points]))
    alone = mesher().meshes([dark], points[None])
    assert gap(both.points[1], alone.points[0]) < 0.005
    none = mesher().meshes([], np.empty((0, 5, 2)))
    assert none.points.shape == (0, 478, 3)
    with pytest.raises(ValueError, match="1 pictures for 2 faces"):
        mesher().meshes([rgb], np.stack([points, points]))


def test_bit_depth_and_size_do_not_matter(portrait: tuple[np.ndarray, np.ndarray]) -> None:
    rgb, points = portrait
    expected = mesher().meshes([rgb], points[None]).points[0]
    deep = mesher().meshes([rgb.astype(np.uint16) * 257], points[None]).points[0]
    assert gap(deep, expected) < 0.002
    large = cv2.resize(rgb, (1536, 1536), interpolation=cv2.INTER_CUBIC)
    scaled = mesher().meshes([large], (points[None] + 0.5) * 3 - 0.5).points[0] / 3
    assert gap(scaled, expected) < 0.02


def test_the_mirror_picture_has_the_mirror_mesh(portrait: tuple[np.ndarray, np.ndarray]) -> None:
    rgb, points = portrait
    mesh = mesher().meshes([rgb], points[None]).points[0]
    side = rgb.shape[1] - 1
    flipped = (points * [-1, 1] + [side, 0])[[1, 0, 2, 4, 3]]
    other = mesher().meshes([np.ascontiguousarray(rgb[:, ::-1])], flipped[None]).points[0][topology.MIRROR]
    other[:, 0] = side - other[:, 0]
    assert gap(other, mesh) < 0.03


def test_confidence_falls_where_something_covers_the_face(portrait: tuple[np.ndarray, np.ndarray]) -> None:
    rgb, points = portrait
    clear = mesher().meshes([rgb], points[None])
    mouth = points[3:].mean(0)
    covered = cv2.circle(rgb.copy(), (int(mouth[0]), int(mouth[1])), 16, (40, 90, 200), -1)
    hidden = mesher().meshes([covered], points[None])
    lips, brows = list(topology.INNER_LIPS), list(topology.RIGHT_BROW)
    assert hidden.confidence[0, lips].mean() < 0.5 * clear.confidence[0, lips].mean()
    assert hidden.confidence[0, brows].mean() > 0.8 * clear.confidence[0, brows].mean()


def test_following_needs_no_detector_and_tells_when_the_face_is_gone(portrait: tuple[np.ndarray, np.ndarray]) -> None:
    rgb, points = portrait
    shifts = [0, 4, 8, 12, 16, 40, 40, 10]  # on its way, a leap of more than half the distance of the eyes, and one back
    moved = [np.roll(rgb, shift, axis=1) for shift in shifts]
    gone = np.random.default_rng(0).integers(0, 255, rgb.shape, np.uint8)
    found = list(follow(mesher(), [*moved, gone, gone], points))
    assert found[len(shifts) :] == [None, None]
    first = found[0]
    assert first is not None
    for answer, shift in zip(found, shifts, strict=False):
        assert answer is not None
        assert gap(answer[0] - [shift, 0, 0], first[0]) < 0.03


def test_folding_changes_nothing() -> None:
    torch.manual_seed(0)
    network = MeshNetwork().train()
    crops = torch.rand(4, 3, 128, 128)
    network(crops)  # gives the normalisations something to fold
    network.eval()
    with torch.inference_mode():
        before = network(crops)
        after = fold(network)(crops)
    for a, b in zip(before, after, strict=True):
        assert torch.allclose(a, b, atol=1e-4)


def test_the_network_is_small() -> None:
    assert sum(p.numel() for p in MeshNetwork().parameters()) <= 2_000_000


def test_foreign_weights_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"stem": torch.zeros(3)}, tmp_path / "other.safetensors")
    (tmp_path / "torn.safetensors").write_bytes(b"torn")
    for name in ("other", "torn", "absent"):
        with pytest.raises(ModelError):
            Mesher("cpu", tmp_path / f"{name}.safetensors")
