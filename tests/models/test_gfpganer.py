"""GFPGANer put together from given parts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from facefix.models import gfpganer, zoo


def test_its_parts_are_looked_for_in_the_zoo() -> None:
    assert [zoo.entry(name).role for name in (gfpganer.RESTORER, gfpganer.DETECTOR, gfpganer.PARSER)] == [
        "restorer",
        "detector",
        "parsing",
    ]


@pytest.mark.slow
def test_the_real_architecture_runs_without_a_download() -> None:
    torch.manual_seed(0)
    rival = gfpganer.build("cpu")
    face = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
    _, restored, _ = rival.enhance(face, has_aligned=True)
    assert restored[0].shape == (512, 512, 3) and rival.face_helper.face_size == (512, 512)
