from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from facefix.errors import ModelError, SettingsError
from facefix.models import devices, networks


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(a - b).mean()))


@pytest.mark.parametrize(("name", "margin_db"), [("x4plus", 0.4), ("x4plus-anime", -2.0), ("animevideov3", -1.0)])
def test_real_weights_enlarge_a_face_sharply_and_faithfully(name: str, margin_db: float) -> None:
    import torch

    truth = skimage.data.astronaut()[50:210, 140:300].astype(np.float32) / 255
    small = cv2.resize(truth, (40, 40), interpolation=cv2.INTER_AREA)
    network = networks.load_upscaling(name, "cpu")
    with torch.inference_mode():
        planes = torch.from_numpy(small.transpose(2, 0, 1).copy())[None].to(next(network.parameters()).dtype)
        large = network(planes)[0].float().clamp(0, 1).numpy().transpose(1, 2, 0)
    plain = cv2.resize(small, (160, 160), interpolation=cv2.INTER_CUBIC)
    # Not the network's forte, but a wrong or swapped layer would cost ten times the margin.
    assert psnr(large, truth) > psnr(plain, truth) + margin_db
    edges = [np.abs(cv2.Laplacian(picture, cv2.CV_32F)).mean() for picture in (plain, large, truth)]
    assert edges[1] > 1.3 * edges[0]


def test_an_unknown_network_is_told() -> None:
    with pytest.raises(ModelError, match="x4plus"):
        networks.load_upscaling("x5minus")


@pytest.mark.parametrize("device", ["cuda:99", "toaster"])
def test_a_device_that_is_not_there_is_told(device: str) -> None:
    with pytest.raises(SettingsError, match=device):
        devices.resolve(device)
