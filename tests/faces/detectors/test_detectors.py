"""One contract over every registered detector."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from facefix.faces.detectors import DETECTORS, Detector
from facefix.models import zoo

PORTRAIT = data.astronaut()
BOX = np.array([180, 62, 270, 178])
POINTS = np.array([[203, 101], [247.5, 104], [224.5, 126], [203.5, 140.5], [243, 141.5]])
"""Marked by hand."""


@pytest.fixture(scope="module", params=list(DETECTORS))
def detector(request: pytest.FixtureRequest) -> Detector:
    if not zoo.installed(DETECTORS[request.param].files):
        pytest.skip(f"{request.param} was not fetched")
    return DETECTORS[request.param].load("cpu")


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = np.clip(high - low, 0, None).prod()
    return float(shared / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared))


def pasted(size: tuple[int, int], scale: float, at: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The portrait, scaled, on grey; and the affine that takes its pixels there."""
    matrix = np.array([[scale, 0, at[0]], [0, scale, at[1]]])
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(PORTRAIT[:300, 100:350], None, fx=scale, fy=scale, interpolation=flags)
    picture = np.full((size[1], size[0], 3), 110, np.uint8)
    room = picture[at[1] : at[1] + small.shape[0], at[0] : at[0] + small.shape[1]]
    room[:] = small[: room.shape[0], : room.shape[1]]
    matrix[:, 2] -= scale * np.array([100, 0])
    return picture, matrix


def test_finds_the_one_face_with_its_points_in_order(detector: Detector) -> None:
    ((face,),) = detector.detect([PORTRAIT], [7])
    assert face.frame == 7
    assert overlap(face.box, BOX) > 0.6
    assert np.linalg.norm(face.points - POINTS, axis=1).max() < 6
    assert 0.6 < face.score <= 1


def test_mirrored_picture_gives_mirrored_points(detector: Detector) -> None:
    (face,), (mirrored,) = detector.detect([PORTRAIT, PORTRAIT[:, ::-1].copy()], [0, 1])
    back = mirrored.points[[1, 0, 2, 4, 3]] * [-1, 1] + [511, 0]
    assert back == pytest.approx(face.points, abs=4)


@pytest.mark.parametrize("px", [24, 30, 120, 350])
def test_small_and_large_faces_in_720p_are_where_they_are(detector: Detector, px: int) -> None:
    scale = px / 90
    picture, matrix = pasted((1280, 720), scale, (300, 0) if px == 350 else (900, 300))
    ((face,),) = detector.detect([picture], [0])
    expected = POINTS @ matrix[:, :2].T + matrix[:, 2]
    assert np.linalg.norm(face.points - expected, axis=1).mean() < 0.08 * px


def test_motion_of_the_picture_is_motion_of_the_points(detector: Detector) -> None:
    shifts = np.arange(0, 8, 0.5)
    pictures = [
        cv2.warpAffine(PORTRAIT, np.array([[1, 0, s], [0, 1, s / 2]]), (512, 512), borderMode=cv2.BORDER_REPLICATE)
        for s in shifts
    ]
    found = np.stack([faces[0].points.mean(0) for faces in detector.detect(pictures, range(len(shifts)))])
    truth = np.stack([shifts, shifts / 2], 1)
    assert np.abs(found - found.mean(0) - truth + truth.mean(0)).max() < 1.5


def test_no_face_no_answer(detector: Detector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    empty = [np.zeros((16, 16, 3), np.uint8), np.full((300, 7, 3), 200, np.uint8), noise, data.coffee()]
    assert detector.detect(empty, range(4)) == [[], [], [], []]
    assert detector.detect([], []) == []


def test_huge_and_deep_pictures_work(detector: Detector) -> None:
    huge = np.full((4320, 7680, 3), 90, np.uint8)
    huge[600:3672, 2000:5072] = cv2.resize(PORTRAIT, (3072, 3072))
    (face,), (deep,), (plain,) = detector.detect([huge, PORTRAIT.astype(np.uint16) * 257, PORTRAIT], [0, 1, 2])
    assert overlap(face.box, BOX * 6 + [2000, 600, 2000, 600]) > 0.6
    assert deep.points == pytest.approx(plain.points, abs=0.2)


def test_wrong_pictures_are_refused(detector: Detector) -> None:
    for wrong in (np.zeros((20, 20), np.uint8), np.zeros((20, 20, 3), np.float32), np.zeros((0, 20, 3), np.uint8)):
        with pytest.raises(ValueError, match="picture"):
            detector.detect([wrong], [0])
    with pytest.raises(ValueError, match=r"zip|length"):
        detector.detect([PORTRAIT], [0, 1])
