"""Where networks run, and in which number format they run best there."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import TYPE_CHECKING

from facefix.errors import SettingsError

if TYPE_CHECKING:
    import torch

_LOG = logging.getLogger(__name__)


def resolve(device: str) -> torch.device:
    """The device behind auto, cpu, cuda, cuda:N or mps; auto is a card only where it works.

    Raises SettingsError where this machine has none such.
    """
    import torch

    if device == "auto":
        if torch.cuda.is_available() and _lacking(0) is None:
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        target = torch.device(device)
    except RuntimeError as error:
        raise SettingsError(f"There is no device {device!r}; choose auto, cpu, cuda, cuda:N or mps.") from error
    missing_cuda = target.type == "cuda" and (target.index or 0) >= torch.cuda.device_count()
    if missing_cuda or (target.type == "mps" and not torch.backends.mps.is_available()):
        raise SettingsError(f"This machine has no device {device}; choose --device cpu or auto.")
    if target.type == "cuda" and (reason := _lacking(target.index or 0)) is not None:
        raise SettingsError(f"The device {device} cannot be used ({reason}); choose --device cpu.")
    return target


@lru_cache
def _lacking(card: int) -> str | None:
    """Make a card ready, once in a process. Why it does not compute with this PyTorch - it may be too old for it -, None where
    it does."""
    import torch

    # By default cuDNN takes 10 of the 23 bits of every factor of a float32 (TF32), as few as float16 has: points tremble.
    torch.backends.cudnn.allow_tf32 = False
    try:
        torch.ones(1, device=f"cuda:{card}").add_(1)
    except RuntimeError as error:
        if "out of memory" in str(error):
            # It may have room in a while.
            return None
        reason = str(error).splitlines()[0]
        _LOG.warning("card %d is not used: %s", card, reason)
        return reason
    return None


def card(device: str) -> int | None:
    """Number of the CUDA card behind a device; None where it is none. Raises SettingsError where there is no such device."""
    target = resolve(device)
    return (target.index or 0) if target.type == "cuda" else None


def described(device: torch.device) -> str:
    """Its name and memory, for people; of a CPU the threads that networks run on."""
    import torch

    if device.type == "cuda":
        about = torch.cuda.get_device_properties(device)
        return f"{about.name}, {about.total_memory / 1e9:.0f} GB"
    return f"{torch.get_num_threads()} threads" if device.type == "cpu" else device.type


def half(device: torch.device) -> torch.autocast:
    """What is inside is computed in `best_dtype`, where it may be."""
    import torch

    dtype = best_dtype(device)
    return torch.autocast(device.type, dtype, enabled=dtype != torch.float32)


def best_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware multiplies it, float32 elsewhere.

    On a CPU with bfloat16 instructions RRDBNet runs about four times faster than in float32 and its picture differs by
    52 dB PSNR; without them bfloat16 is emulated and far slower.
    """
    import torch

    if device.type == "cuda":
        with torch.cuda.device(device):
            return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if device.type != "cpu":
        return torch.float32
    ask = getattr(torch.cpu, "get_capabilities", dict)  # since torch 2.10
    abilities = ask()
    has_bfloat16 = any(abilities.get(name, False) for name in ("amx_bf16", "avx512_bf16"))
    return torch.bfloat16 if has_bfloat16 else torch.float32
