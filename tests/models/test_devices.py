"""In which number format networks run."""

from __future__ import annotations

import pytest
import torch

from facefix.errors import SettingsError
from facefix.models import devices


@pytest.mark.parametrize(
    ("abilities", "dtype"),
    [
        ({"amx_bf16": True}, torch.bfloat16),
        ({"avx512_bf16": True}, torch.bfloat16),
        # It could be asked for bfloat16, but would emulate it, many times slower than single precision.
        ({"avx2": True, "avx512_f": True, "avx512_bw": True, "amx_bf16": False, "avx512_bf16": False}, torch.float32),
        ({}, torch.float32),
    ],
)
def test_a_cpu_gets_bfloat16_only_where_it_multiplies_it(
    abilities: dict[str, bool], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: abilities, raising=False)
    assert devices.best_dtype(torch.device("cpu")) is dtype


def test_a_torch_that_does_not_tell_gets_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert devices.best_dtype(torch.device("cpu")) is torch.float32


@pytest.mark.parametrize("has", [True, False])
def test_half_precision_is_used_where_the_hardware_has_it_and_left_where_it_began(
    has: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": has}, raising=False)
    one = torch.ones(2, 2)
    with devices.half(torch.device("cpu")):
        inside = one @ one
    assert inside.dtype is (torch.bfloat16 if has else torch.float32)
    assert (one @ one).dtype is torch.float32


def test_a_cpu_is_no_card() -> None:
    assert devices.card("cpu") is None


def test_a_card_that_does_not_compute_is_left_alone(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(*words: object, **more: object) -> torch.Tensor:
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device\nSearch for it.")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch, "ones", refuse)
    devices._lacking.cache_clear()
    try:
        assert devices.resolve("auto").type == "cpu"
        assert "no kernel image" in caplog.text
        with pytest.raises(SettingsError, match=r"cannot be used \(CUDA error: no kernel image .* the device\);"):
            devices.resolve("cuda")
    finally:
        devices._lacking.cache_clear()
