"""GFPGANer put together from given parts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from facefix.errors import ModelError
from facefix.models import gfpganer, zoo


def test_its_parts_are_looked_for_in_the_zoo() -> None:
    assert [zoo.entry(name).role for name in (gfpganer.RESTORER, gfpganer.DETECTOR, gfpganer.PARSER)] == [
        "restorer",
        "detector",
        "parsing",
    ]


def test_weights_of_another_network_are_refused(tmp_path) -> None:
    wrong, broken = tmp_path / "wrong.pth", tmp_path / "broken.pth"
    torch.save({"params_ema": {"no": torch.zeros(1)}}, wrong)
    broken.write_bytes(b"no weights")
    for path in (wrong, broken):
        with pytest.raises(ModelError, match="does not fit its network"):
            gfpganer._fill(torch.nn.Linear(1, 1), path)


def test_weights_are_found_under_either_name(tmp_path) -> None:
    path = tmp_path / "right.pth"
    for state in (
        {"weight": torch.ones(1, 1), "bias": torch.ones(1)},
        {"module.weight": torch.ones(1, 1), "module.bias": torch.ones(1)},
    ):
        for content in (state, {"params_ema": state}):
            torch.save(content, path)
            network = torch.nn.Linear(1, 1)
            gfpganer._fill(network, path)
            assert network.weight.item() == 1


@pytest.mark.slow
def test_the_real_architecture_runs_without_a_download() -> None:
    torch.manual_seed(0)
    rival = gfpganer.build("cpu")
    face = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
    _, restored, _ = rival.enhance(face, has_aligned=True)
    assert restored[0].shape == (512, 512, 3) and rival.face_helper.face_size == (512, 512)
