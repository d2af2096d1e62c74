"""RetinaFace beside facexlib's own detection, with weights of our own making in a file like the published one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import data
from tests.weights import publish, published_bytes

from facefix.errors import ModelError
from facefix.faces.detectors import DETECTORS, named, retinaface
from facefix.models import basicsr_adapter, devices, zoo
from facefix.types import Face

CPU = torch.device("cpu")


def test_an_answer_of_nothing_is_the_anchor_itself() -> None:
    anchors = torch.from_numpy(retinaface.anchors_of(40, 65))
    # Grids of 5 x 9, 3 x 5 and 2 x 3 cells.
    assert len(anchors) == 2 * (45 + 15 + 6)
    assert anchors[2 * (1 * 9 + 2) + 1].tolist() == [20, 12, 32]
    assert anchors[-1].tolist() == [80, 48, 512]
    scores = torch.zeros(len(anchors))
    scores[2 * (1 * 9 + 2) + 1] = 0.9
    offsets, points = torch.zeros(len(anchors), 4), torch.zeros(len(anchors), 10)
    offsets[:, 0], offsets[:, 3], points[:, 2] = 1, 5 * np.log(2), -2
    ((box,), (five,), (score,)) = retinaface.decode(anchors, offsets, scores, points, 0.5)
    assert box.tolist() == pytest.approx([20 + 3.2 - 16, 12 - 32, 20 + 3.2 + 16, 12 + 32])
    assert five.flatten().tolist() == pytest.approx([20, 12, 20 - 6.4, 12, 20, 12, 20, 12, 20, 12])
    assert score.item() == pytest.approx(0.9)


def test_no_likely_anchor_no_face() -> None:
    boxes, fives, scores = retinaface.decode(
        torch.from_numpy(retinaface.anchors_of(16, 16)), torch.zeros(12, 4), torch.zeros(12), torch.zeros(12, 10), 0.5
    )
    assert (boxes.shape, fives.shape, scores.shape) == ((0, 4), (0, 5, 2), (0,))


def test_auto_is_retinaface_only_where_it_was_fetched_and_a_gpu_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(zoo.MODELS_DIR_VARIABLE, str(tmp_path))
    monkeypatch.setattr(zoo, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(devices, "resolve", torch.device)
    assert [named("auto", device).name for device in ("cpu", "cuda")] == ["centerface", "centerface"]
    with pytest.raises(ModelError, match="facefix models fetch detection_Resnet50_Final"):
        DETECTORS["retinaface"].load("cpu")
    (tmp_path / retinaface.WEIGHTS).touch()
    assert [named("auto", device).name for device in ("cpu", "cuda")] == ["centerface", "retinaface"]
    assert named("centerface", "cuda").name == "centerface"


@pytest.fixture(scope="module")
def rival() -> torch.nn.Module:
    """facexlib's own, made to see faces of likely sizes in many places."""
    torch.manual_seed(3)
    network = basicsr_adapter.retinaface(CPU)
    for head in (*network.BboxHead, *network.ClassHead, *network.LandmarkHead):
        # A thousand random features add up to answers of 35.
        head.conv1x1.weight.data *= 0.06
    return network


@pytest.fixture
def detector(rival: torch.nn.Module, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> retinaface.RetinaFace:
    state = {f"module.{name}": value for name, value in rival.state_dict().items()}
    path = publish(monkeypatch, tmp_path, retinaface.WEIGHTS, state, old=True)
    assert abs(published_bytes(path, state) - 109497761) < 20000
    return retinaface.RetinaFace("cpu", threshold=0.6)


def test_it_finds_what_facexlib_finds(rival: torch.nn.Module, detector: retinaface.RetinaFace) -> None:
    pictures = [data.astronaut()[:203, 90:321], data.astronaut()[50:253, :231], data.coffee()[:120, :160]]
    found = detector.detect(pictures, [4, 5, 6])
    for frame, (picture, faces) in enumerate(zip(pictures, found, strict=True), start=4):
        bgr = np.ascontiguousarray(picture[..., ::-1])
        with torch.inference_mode():
            theirs = rival.detect_faces(bgr, conf_threshold=0.6)
        ours = np.array([[*face.box, face.score, *face.points.ravel()] for face in faces])
        assert len(theirs) > 3
        np.testing.assert_allclose(ours, theirs, atol=0.02)
        assert all(face.frame == frame for face in faces)
        assert [face.score for face in faces] == sorted((face.score for face in faces), reverse=True)
        assert faces[0].box.dtype == faces[0].points.dtype == np.float32


def test_a_picture_beyond_its_measure_is_shrunk_and_answers_are_brought_back(
    detector: retinaface.RetinaFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = np.ascontiguousarray(data.astronaut()[:200, :200])
    (expected,) = detector.detect([small], [0])
    large = small.repeat(2, 0).repeat(2, 1)
    monkeypatch.setattr(retinaface, "WORK_PX", 200)
    (found,), (deep,) = (detector.detect([picture], [0]) for picture in (large, large.astype(np.uint16) * 257))
    assert len(found) == len(expected) == len(deep) > 0
    # A pixel of the small picture covers two of the large one, from half a pixel before its centre's double.
    for one, other, third in zip(found, expected, deep, strict=True):
        np.testing.assert_allclose(one.points, 2 * other.points + 0.5, atol=0.05)
        np.testing.assert_allclose(third.box, one.box, atol=0.05)


def test_odd_and_wrong_pictures(detector: retinaface.RetinaFace) -> None:
    detector.detect([np.zeros((16, 16, 3), np.uint8), np.full((300, 7, 3), 200, np.uint8)], [0, 1])
    assert detector.detect([], []) == []
    for wrong in (np.zeros((20, 20), np.uint8), np.zeros((20, 20, 3), np.float32), np.zeros((0, 20, 3), np.uint8)):
        with pytest.raises(ValueError, match="picture"):
            detector.detect([wrong], [0])
    with pytest.raises(ValueError, match="zip"):
        detector.detect([np.zeros((16, 16, 3), np.uint8)], [0, 1])


def test_where_memory_runs_out_fewer_pictures_are_looked_at_a_time(
    detector: retinaface.RetinaFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [np.asarray(np.roll(data.astronaut()[:96, :96], k, 0), np.uint8) for k in range(6)]
    wanted = [[face.box.tolist() for face in faces] for faces in detector.detect(pictures, range(6))]
    sizes, ample = [], detector._detect

    def scarce(some: tuple[np.ndarray, ...], frames: tuple[int, ...]) -> list[list[Face]]:
        sizes.append(len(some))
        if len(some) > 1:
            raise torch.OutOfMemoryError
        return ample(some, frames)

    monkeypatch.setattr(detector, "_detect", scarce)
    found = detector.detect(pictures, range(6))
    assert sizes == [4, 2, 1, 1, 1, 1, 1, 1]
    for faces, boxes in zip(found, wanted, strict=True):
        np.testing.assert_allclose([face.box for face in faces], boxes, atol=1e-2)

    def none_left(some: tuple[np.ndarray, ...], frames: tuple[int, ...]) -> list[list[Face]]:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(detector, "_detect", none_left)
    with pytest.raises(ModelError, match="one picture; use --device cpu"):
        detector.detect(pictures, range(6))
