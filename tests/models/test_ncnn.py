from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from facefix.errors import ModelError
from facefix.models import ncnn

torch = pytest.importorskip("torch")


class Network(torch.nn.Module):
    """Two convolutions with a PReLU between, as in SRVGGNetCompact; the first has an odd count of weights."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Conv2d(3, 5, 3, padding=1)
        self.slopes = torch.nn.PReLU(5)
        self.last = torch.nn.Conv2d(5, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.slopes(self.first(x)))


def write(folder: Path, network: Network, *, half: bool) -> tuple[Path, Path]:
    param, weights = folder / "net.param", folder / "net.bin"
    param.write_text(
        "7767517\n5 5\n"
        "Input       data  0 1 data\n"
        "Convolution first 1 1 data a 0=5 1=3 4=1 5=1 6=135 9=2 -23310=1,2.000000e-01\n"
        "PReLU       slope 1 1 a b 0=5\n"
        "Convolution last  1 1 b c 0=1 1=1 5=1 6=5\n"
        "Split       split 1 2 c d e\n"
    )
    data = b""
    for layer in (network.first, network.slopes, network.last):
        values = layer.weight.detach().numpy()
        if isinstance(layer, torch.nn.PReLU):
            data += values.astype("<f4").tobytes()
            continue
        raw = values.astype("<f2" if half else "<f4").tobytes()
        data += struct.pack("<I", 0x01306B47 if half else 0) + raw + b"\0" * (-len(raw) % 4)
        data += layer.bias.detach().numpy().astype("<f4").tobytes()
    weights.write_bytes(data)
    return param, weights


@pytest.fixture
def network() -> Network:
    torch.manual_seed(3)
    return Network().requires_grad_(False)


@pytest.mark.parametrize(("half", "tolerance"), [(False, 0.0), (True, 2e-3)])
def test_a_network_survives_the_round_trip(tmp_path: Path, network: Network, half: bool, tolerance: float) -> None:
    other = Network()
    other.load_state_dict(ncnn.state_dict(*write(tmp_path, network, half=half), other))
    x = torch.linspace(-1, 1, 3 * 7 * 6).reshape(1, 3, 7, 6)
    np.testing.assert_allclose(other(x).detach(), network(x), atol=tolerance, rtol=0)


@pytest.mark.parametrize("cut", [1, 4, 21, 250])
def test_a_file_cut_short_is_told(tmp_path: Path, network: Network, cut: int) -> None:
    param, weights = write(tmp_path, network, half=True)
    weights.write_bytes(weights.read_bytes()[:-cut])
    with pytest.raises(ModelError, match="cut short"):
        ncnn.state_dict(param, weights, network)


def test_bytes_left_over_are_told(tmp_path: Path, network: Network) -> None:
    param, weights = write(tmp_path, network, half=True)
    weights.write_bytes(weights.read_bytes() + b"\0\0")
    with pytest.raises(ModelError, match="2 bytes more"):
        ncnn.state_dict(param, weights, network)


def test_an_unknown_tag_is_told(tmp_path: Path, network: Network) -> None:
    param, weights = write(tmp_path, network, half=True)
    weights.write_bytes(b"\xff" + weights.read_bytes()[1:])
    with pytest.raises(ModelError, match="corrupt or quantized"):
        ncnn.state_dict(param, weights, network)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("7767517", "7767518"),
        ("5 5\n", "6 5\n"),
        ("Split ", "LSTM  "),
        ("6=135", "6=-135"),
        ("6=135", "6=134"),
        ("6=135", "6=99999999"),
        ("-23310=1,", "-23310=7,"),
        ("0=5 1=3", "0=x 1=3"),
    ],
)
def test_a_damaged_param_file_is_told(tmp_path: Path, network: Network, old: str, new: str) -> None:
    param, weights = write(tmp_path, network, half=True)
    text = param.read_text()
    assert old in text
    param.write_text(text.replace(old, new, 1))
    with pytest.raises(ModelError):
        ncnn.state_dict(param, weights, network)


def test_weights_of_another_network_are_told(tmp_path: Path, network: Network) -> None:
    param, weights = write(tmp_path, network, half=True)
    other = Network()
    other.last = torch.nn.Conv2d(5, 2, 1)
    with pytest.raises(ModelError, match="does not fit"):
        ncnn.state_dict(param, weights, other)
    with pytest.raises(ModelError, match="3 layers"):
        ncnn.state_dict(param, weights, torch.nn.Conv2d(3, 5, 3))
