from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from facefix.errors import ModelError, SettingsError
from facefix.models import devices, networks


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(a - b).mean()))


def slope(picture: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))


@pytest.mark.parametrize("name", ["x4plus", "x4plus-anime", "animevideov3"])
def test_real_weights_enlarge_a_face_sharply_and_faithfully(name: str) -> None:
    import torch

    truth = skimage.data.astronaut()[50:210, 140:300].astype(np.float32) / 255
    small = cv2.resize(truth, (40, 40), interpolation=cv2.INTER_AREA)
    network = networks.load_upscaling(name, "cpu")
    with torch.inference_mode():
        planes = torch.from_numpy(small.transpose(2, 0, 1).copy())[None].to(next(network.parameters()).dtype)
        large = network(planes)[0].float().clamp(0, 1).numpy().transpose(1, 2, 0)
    # Faithful: shrunken again it is the input. These networks redraw, so PSNR to the truth says little.
    assert psnr(cv2.resize(large, (40, 40), interpolation=cv2.INTER_AREA), small) > 25
    # Sharp: its strongest edges are nearer to the truth's than interpolation's, and lie where the truth has them.
    plain = cv2.resize(small, (160, 160), interpolation=cv2.INTER_CUBIC)
    strength = {id(picture): np.percentile(slope(picture), 95) for picture in (plain, large, truth)}
    assert strength[id(plain)] < 0.85 * strength[id(large)]
    # Made for line art, the anime network draws lines on a photo: half as strong again, no more.
    assert strength[id(large)] < (1.6 if name == "x4plus-anime" else 1.25) * strength[id(truth)]
    assert np.corrcoef(slope(large).ravel(), slope(truth).ravel())[0, 1] > 0.6


def test_an_unknown_network_is_told() -> None:
    with pytest.raises(ModelError, match="x4plus"):
        networks.load_upscaling("x5minus")


@pytest.mark.parametrize("device", ["cuda:99", "toaster"])
def test_a_device_that_is_not_there_is_told(device: str) -> None:
    with pytest.raises(SettingsError, match=device):
        devices.resolve(device)
