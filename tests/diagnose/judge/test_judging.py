from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tests.dome import picture

from facefix.diagnose.judge import network
from facefix.diagnose.judge.judging import ANCHORS, JUDGED, SIDE_PX, Judge
from facefix.errors import ModelError
from facefix.types import Placed


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "judge.safetensors"
    save_file({k: v for k, v in network.JudgeNetwork().state_dict().items() if "num_batches" not in k}, path)
    return path


def face(seed: int) -> np.ndarray:
    return picture(SIDE_PX, seed)


def test_both_sides_agree_on_what_goes_in_and_out() -> None:
    assert (network.ANCHORS, network.SIDE_PX, network.JUDGED) == (ANCHORS, SIDE_PX, JUDGED)


def test_a_face_is_judged_alike_in_any_company(weights: Path) -> None:
    judge = Judge("cpu", weights)
    faces = np.stack([face(k) for k in range(10)])
    anchors = [[Placed(face(20 + n + k), np.ones((SIDE_PX, SIDE_PX), np.float32)) for k in range(n % 5)] for n in range(10)]
    guides = np.zeros((10, 96, 96, 2), np.float32)
    together = judge.judge(faces, anchors, guides)
    alone = judge.judge(faces[7:8], anchors[7:8], guides[7:8])
    assert together.shape == (10, len(JUDGED))
    assert ((together >= 0) & (together <= 1)).all()
    assert np.abs(together[7] - alone[0]).max() < 0.02
    assert judge.judge(faces[:0], [], guides[:0]).shape == (0, len(JUDGED))


def test_what_an_anchor_does_not_cover_is_not_seen(weights: Path) -> None:
    judge = Judge("cpu", weights)
    guides = np.zeros((1, 96, 96, 2), np.float32)
    hidden = Placed(face(1), np.zeros((SIDE_PX, SIDE_PX), np.float32))
    assert np.allclose(judge.judge(face(0)[None], [[hidden]], guides), judge.judge(face(0)[None], [[]], guides))


def test_inputs_that_do_not_belong_together_are_refused(weights: Path) -> None:
    with pytest.raises(ValueError, match="2 faces"):
        Judge("cpu", weights).judge(np.stack([face(0), face(1)]), [[]], np.zeros((2, 96, 96, 2), np.float32))


def test_foreign_weights_are_told(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"something": torch.zeros(3)}, path)
    with pytest.raises(ModelError, match=r"other\.safetensors"):
        Judge("cpu", path)
