"""GFPGAN as a restorer, beside GFPGANer itself; weights of our own making in a file like the published one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tests.repair.faces import face
from tests.weights import publish, published_bytes

from facefix.errors import ModelError
from facefix.models import basicsr_adapter, checkpoints, devices, gfpganer, zoo
from facefix.repair.detail import moderate
from facefix.repair.restorers import RESTORERS, gfpgan, named


class Inverting(torch.nn.Module):
    """Stands in for the network: gives the negative, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[tuple[int, ...], float, float, dict[str, bool]]] = []

    def forward(self, x: torch.Tensor, **how: bool) -> tuple[torch.Tensor, list[torch.Tensor]]:
        self.asked.append((tuple(x.shape), float(x.min()), float(x.max()), how))
        return -1.5 * x, []


@pytest.fixture
def inverting(monkeypatch: pytest.MonkeyPatch) -> Inverting:
    network = Inverting()
    monkeypatch.setattr(basicsr_adapter, "gfpgan", lambda: network)
    monkeypatch.setattr(zoo, "checked", Path)
    monkeypatch.setattr(checkpoints, "load", lambda network, path, what: network)
    return network


@pytest.mark.parametrize("side", [256, 512])
def test_crops_are_given_as_its_authors_give_them_and_its_detail_is_taken(inverting: Inverting, side: int) -> None:
    crops = np.stack([cv2.resize(face(), (side, side))] * 6)
    crops[:, :8], crops[:, -8:] = 0, 1
    restored = gfpgan.Gfpgan("cpu").restore(crops, source_px=300)
    assert [asked[0] for asked in inverting.asked] == [(4, 3, 512, 512), (2, 3, 512, 512)]
    assert all(asked[1:] == (-1, 1, {"return_rgb": False, "randomize_noise": False}) for asked in inverting.asked)
    drawn = np.clip(0.5 - 1.5 * (crops[0] - 0.5), 0, 1)
    expected = np.clip(crops[0] + moderate(crops[0], drawn, 1.0, split=0.04), 0, 1)
    assert np.abs(restored[0] - expected).mean() < 5e-3
    # It drew a negative, and yet light and colour stay the crop's.
    small = [cv2.resize(picture, (6, 6), interpolation=cv2.INTER_AREA) for picture in (restored[0], crops[0])]
    assert np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1] > 0.9


def test_it_is_what_auto_means_once_it_was_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(zoo, "cache_folder", lambda: tmp_path)
    monkeypatch.delenv(zoo.MODELS_DIR_VARIABLE, raising=False)
    assert named("auto") is RESTORERS["unwaxing"]
    with pytest.raises(ModelError, match=r"run `facefix models fetch GFPGANv1\.4\.pth`"):
        RESTORERS["gfpgan"].load("cpu")
    (tmp_path / gfpgan.WEIGHTS).touch()
    assert named("auto") is RESTORERS["gfpgan"]
    assert named("none") is RESTORERS["none"]
    with pytest.raises(ModelError, match=r"GFPGANv1\.4\.pth is not the published"):
        RESTORERS["gfpgan"].load("cpu")


@pytest.mark.slow
def test_a_file_like_the_published_one_gives_what_gfpganer_gives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    torch.manual_seed(4)
    rival = gfpganer.build("cpu")
    state = rival.gfpgan.state_dict()
    # Every layer has noise, and colours neither drown nor burn.
    for name, value in state.items():
        if name.endswith("style_conv1.weight") or (".style_convs." in name and name.endswith(".weight") and value.numel() == 1):
            value.fill_(0.1)
    path = publish(monkeypatch, tmp_path, gfpgan.WEIGHTS, {"params_ema": state}, old=True)
    # It holds the noise too.
    assert published_bytes(path, state) == 348632874
    monkeypatch.setattr(devices, "best_dtype", lambda device: torch.float32)
    # What the restorer is to be like: the same input, the noise that is in the file, and every colour before it is rounded.
    raw: list[torch.Tensor] = []
    rival.gfpgan.register_forward_hook(lambda network, given, answer: raw.append(answer[0]))
    rival.gfpgan.forward = partial(rival.gfpgan.forward, randomize_noise=False)
    crop = np.rint(255 * cv2.resize(face(), (512, 512))).clip(0, 255).astype(np.uint8)
    _, (bgr,), _ = rival.enhance(np.ascontiguousarray(crop[..., ::-1]), has_aligned=True, paste_back=False)

    restorer = gfpgan.Gfpgan("cpu")
    (drawn,) = restorer.drawn(crop[None].astype(np.float32) / 255)
    expected = raw[0][0].clamp(-1, 1).permute(1, 2, 0).numpy() / 2 + 0.5
    assert expected.std() > 0.05 and ((expected > 0.01) & (expected < 0.99)).mean() > 0.5
    assert np.abs(drawn - expected).max() < 1e-3
    assert np.abs(np.rint(255 * drawn) - bgr[..., ::-1]).max() <= 1
