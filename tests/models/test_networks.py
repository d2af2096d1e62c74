from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from tests.weights import publish

from facefix.errors import ModelError, SettingsError
from facefix.models import devices, networks, zoo
from facefix.models.evening import Evened

FETCHED = [name for name, spec in networks.UPSCALING.items() if len(spec.files) == 1]


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(a - b).mean()))


def slope(picture: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))


@pytest.mark.parametrize("name", ["x4plus", "x4plus-anime", "animevideov3"])
def test_real_weights_enlarge_a_face_sharply_and_faithfully(name: str) -> None:
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


@pytest.mark.parametrize("name", FETCHED)
def test_a_fetched_network_is_the_one_that_was_published(name: str) -> None:
    spec = networks.UPSCALING[name]
    state = spec.build().state_dict()
    volume = sum(value.numel() * value.element_size() for value in state.values())
    # What torch writes beside a tensor: its name, its shape, its place, and filling.
    beside = zoo.entry(spec.files[0]).size - volume
    assert 200 * len(state) < beside < 400 * len(state)


@pytest.mark.parametrize(
    ("name", "container", "key", "shape"),
    [
        ("x4plus-anime-fp32", "params_ema", "body.5.rdb3.conv5.weight", (64, 192, 3, 3)),
        ("animevideov3-fp32", "params", "body.34.weight", (48, 64, 3, 3)),
        ("general-x4v3", "params", "body.66.weight", (48, 64, 3, 3)),
        ("x2plus", "params_ema", "conv_first.weight", (64, 12, 3, 3)),
    ],
)
def test_a_fetched_file_is_loaded_and_enlarges_pictures_of_any_sides(
    name: str, container: str, key: str, shape: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)
    spec = networks.UPSCALING[name]
    source = spec.build().eval()
    assert source.state_dict()[key].shape == shape
    publish(monkeypatch, tmp_path, spec.files[0], {container: source.state_dict()})
    monkeypatch.setattr(devices, "best_dtype", lambda device: torch.float32)
    loaded = networks.load_upscaling(name, "cpu")
    with torch.inference_mode():
        for sides in ((8, 6), (7, 9)):
            x = torch.rand(1, 3, *sides)
            large = loaded(x)
            assert large.shape == (1, 3, *(spec.scale * side for side in sides))
            if not (sides[0] % 2 and spec.even):
                torch.testing.assert_close(large, source(x), atol=1e-5, rtol=0)
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_a_damaged_or_missing_file_is_named_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = networks.UPSCALING["animevideov3-fp32"].build().state_dict()
    path = publish(monkeypatch, tmp_path, "realesr-animevideov3.pth", {"params": state})
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"realesr-animevideov3\.pth is not the published .*facefix models fetch"):
        networks.load_upscaling("animevideov3-fp32", "cpu")
    monkeypatch.setattr(zoo, "cache_folder", lambda: tmp_path)
    with pytest.raises(ModelError, match=r"RealESRGAN_x2plus\.pth is not installed; run `facefix models fetch RealESRGAN"):
        networks.load_upscaling("x2plus", "cpu")
    publish(monkeypatch, tmp_path, "RealESRGAN_x2plus.pth", {"params_ema": state})
    with pytest.raises(ModelError, match=r"RealESRGAN_x2plus\.pth holds the weights of another network"):
        networks.load_upscaling("x2plus", "cpu")


def test_odd_sides_are_filled_up_and_cut_off_again() -> None:
    seen = []

    class Doubling(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(tuple(x.shape[2:]))
            return x.repeat_interleave(2, 2).repeat_interleave(2, 3)

    x = torch.rand(2, 3, 5, 8)
    assert torch.equal(Evened(Doubling(), 2)(x), Doubling()(x))
    assert seen[0] == (6, 8)
