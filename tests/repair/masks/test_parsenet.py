"""ParseNet as a mask, with weights of our own making in a file like the published one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tests.repair.faces import face
from tests.weights import publish, published_bytes

from facefix.errors import ModelError
from facefix.models import basicsr_adapter, zoo
from facefix.repair.masks import MASKS, named, parsenet
from facefix.repair.masks.contract import SHOWN_PX


class Labelling(torch.nn.Module):
    """Stands in for the network: sure of one label where the crop is bright, of another elsewhere."""

    def __init__(self, bright: str, dark: str) -> None:
        super().__init__()
        self.bright, self.dark = parsenet.LABELS.index(bright), parsenet.LABELS.index(dark)
        self.asked: list[tuple[tuple[int, ...], float, float]] = []

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, None]:
        self.asked.append((tuple(x.shape), float(x.min()), float(x.max())))
        logits = torch.zeros(len(x), len(parsenet.LABELS), *x.shape[2:])
        logits[:, self.bright] = 20 * (x.mean(1) > 0)
        logits[:, self.dark] = 20 * (x.mean(1) <= 0)
        return logits, None


def labelling(monkeypatch: pytest.MonkeyPatch, bright: str, dark: str) -> Labelling:
    network = Labelling(bright, dark)
    monkeypatch.setattr(basicsr_adapter, "parsenet", lambda side: network)
    monkeypatch.setattr(zoo, "checked", Path)
    monkeypatch.setattr(parsenet.checkpoints, "load", lambda network, path, what: network)
    return network


@pytest.mark.parametrize("label", parsenet.LABELS)
def test_skin_and_features_are_shown_and_nothing_else(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    covering = {"background", "hair", "hat", "earring", "necklace", "cloth"}
    labelling(monkeypatch, label, "hair" if label != "hair" else "hat")
    crop = np.zeros((256, 256, 3), np.float32)
    crop[:, 128:] = 1
    (shown,) = MASKS["parsenet"].load("cpu").shown([crop])
    assert shown.shape == (SHOWN_PX, SHOWN_PX) and shown.dtype == np.float32
    assert np.abs(shown[:, : SHOWN_PX // 2 - 1]).max() < 1e-3
    assert np.abs(shown[:, SHOWN_PX // 2 + 1 :] - (label not in covering)).max() < 1e-3


def test_crops_of_any_sides_go_through_it_together(monkeypatch: pytest.MonkeyPatch) -> None:
    network = labelling(monkeypatch, "skin", "background")
    crops = [
        np.clip(1.4 * cv2.resize(face(), (side, side)) - 0.2, 0, 1) for side in (256, 512, 256, 512, 256, 512, 256, 512, 256)
    ]
    shown = parsenet.ParseNet("cpu").shown(crops)
    assert [asked[0] for asked in network.asked] == [(8, 3, 512, 512), (1, 3, 512, 512)]
    assert all(low >= -1 and high <= 1 for _, low, high in network.asked) and network.asked[0][1] < -0.9
    assert len(shown) == 9 and np.abs(shown[1] - shown[3]).max() == 0
    assert parsenet.ParseNet("cpu").shown([]).shape == (0, SHOWN_PX, SHOWN_PX)


def test_it_is_what_auto_means_once_it_was_fetched_and_there_is_a_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kind = "cpu"

    class Device:
        @property
        def type(self) -> str:
            return kind

    monkeypatch.setattr(zoo, "cache_folder", lambda: tmp_path)
    monkeypatch.delenv(zoo.MODELS_DIR_VARIABLE, raising=False)
    monkeypatch.setattr("facefix.repair.masks.devices.resolve", lambda device: Device())
    assert named("auto", "auto") is MASKS["points"]
    with pytest.raises(ModelError, match=r"run `facefix models fetch parsing_parsenet\.pth`"):
        zoo.checked(parsenet.WEIGHTS)
    (tmp_path / parsenet.WEIGHTS).touch()
    assert named("auto", "auto") is MASKS["points"]
    kind = "cuda"
    assert named("auto", "auto") is MASKS["parsenet"]
    assert named("points", "auto") is MASKS["points"]


@pytest.mark.slow
def test_a_file_like_the_published_one_gives_what_facexlib_gives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    torch.manual_seed(2)
    network = basicsr_adapter.parsenet(512)
    state = network.state_dict()
    for name, value in state.items():
        if name.endswith("running_mean"):
            value.normal_(0, 0.05)
        elif name.startswith("out_mask_conv") and name.endswith("weight"):
            value.mul_(30)
    path = publish(monkeypatch, tmp_path, parsenet.WEIGHTS, state, old=True)
    # The bytes of the published file, to the last one.
    assert published_bytes(path, state) == 85331193
    facexlib = basicsr_adapter.imported("facexlib.parsing")
    monkeypatch.setattr(facexlib, "load_file_from_url", lambda **words: str(path))
    theirs = facexlib.init_parsing_model("parsenet", device="cpu")
    crop = np.rint(255 * cv2.resize(face(), (512, 512))).clip(0, 255).astype(np.float32) / 255
    # As `FaceRestoreHelper.paste_faces_to_input_image` feeds it.
    given = torch.from_numpy(((crop - 0.5) / 0.5).transpose(2, 0, 1).copy())[None]
    with torch.no_grad():
        logits = theirs(given)[0]
    labels = logits.argmax(1).unique()
    assert len(labels) > 2, "random, but not blind"
    (shown,) = parsenet.ParseNet("cpu").shown([crop])
    sure = logits.softmax(1)[0, list(parsenet.SHOWN)].sum(0).numpy()
    np.testing.assert_allclose(shown, cv2.resize(sure, (SHOWN_PX, SHOWN_PX), interpolation=cv2.INTER_AREA), atol=1e-4)
