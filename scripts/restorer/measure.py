"""How much of the damage is undone, and how well what was clean is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from facefix.models import devices
from facefix.repair.restorers.anchored.network import carry_out
from restorer.batches import batch, plain
from restorer.identity import Likeness
from restorer.pairs import MODES

_AT_ONCE = 8


class Held:
    """The fixed held-out pairs of `pairs.py held`."""

    def __init__(self, path: Path) -> None:
        self.pairs = np.load(path, mmap_mode="r")
        self.mode, self.clip = np.array(self.pairs["mode"]), np.array(self.pairs["clip"])

    @torch.inference_mode()
    def restored(self, network: nn.Module, device: torch.device) -> NDArray[np.float32]:
        """(N, S, S, 3) what the network makes of the damaged crops."""
        out = []
        for start in range(0, len(self.pairs), _AT_ONCE):
            made = batch([plain(pair) for pair in self.pairs[start : start + _AT_ONCE]])
            damaged, anchors, coverage, guide, _ = (t.to(device) for t in made)
            with devices.half(device):
                plan = network(damaged, anchors, coverage, guide)
            out.append(carry_out(plan, damaged, anchors)[0].clamp(0, 1).cpu().permute(0, 2, 3, 1).numpy())
        return np.concatenate(out)

    def report(self, network: nn.Module, likeness: Likeness, device: torch.device) -> str:
        """One line: per mode the mean share undone on clips and on portraits, as far as there are such, and how much nearer
        identity comes; and the PSNR clean crops keep."""
        restored = self.restored(network, device)
        share, kept = shares(self.pairs, restored)
        before, after = (self.estranged(likeness, pictures, device) for pictures in (self.pairs["damaged"], restored))
        parts = []
        for number, name in enumerate(MODES):
            mine = self.mode == number
            if name == "clean":
                parts += [f"clean {kept[mine].mean():.1f} dB (worst {kept[mine].min():.1f})"] if mine.any() else []
                continue
            sides = [side for side in (mine & self.clip, mine & ~self.clip) if side.any()]
            if not sides:
                continue
            undone = " / ".join(f"{100 * np.nanmean(share[side]):.1f}" for side in sides)
            nearer = " / ".join(f"{100 * (1 - after[side].mean() / before[side].mean()):.0f}" for side in sides)
            parts.append(f"{name} {undone} % (identity {nearer})")
        return ", ".join(parts)

    @torch.inference_mode()
    def estranged(self, likeness: Likeness, pictures: NDArray, device: torch.device) -> NDArray[np.float32]:
        """(N,) identity distance to the truth of (N, S, S, 3) pictures, uint8 or 0..1."""
        out = []
        for start in range(0, len(pictures), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            one, truth = (likeness(_tensor(part[some]).to(device)) for part in (pictures, self.pairs["truth"]))
            out.append((one - truth).norm(dim=1).cpu().numpy())
        return np.concatenate(out)


def _tensor(pictures: NDArray) -> torch.Tensor:
    """(N, 3, S, S) 0..1 of (N, S, S, 3) uint8 or 0..1."""
    values = pictures.astype(np.float32) / (255 if pictures.dtype == np.uint8 else 1)
    return torch.from_numpy(values).permute(0, 3, 1, 2).contiguous()


def shares(pairs: NDArray, restored: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Per pair the share of squared error undone (NaN for clean ones), and the PSNR to the input in the face, dB."""
    undone, kept = np.full(len(pairs), np.nan), np.zeros(len(pairs))
    side = restored.shape[1]
    face = slice(side // 5, side - side // 12), slice(side // 5, side - side // 5)
    for i, (pair, out) in enumerate(zip(pairs, restored, strict=True)):
        truth, damaged = (pair[k].astype(np.float64) / 255 for k in ("truth", "damaged"))
        before = ((damaged - truth) ** 2).sum()
        if before > 0:
            undone[i] = 1 - ((out - truth) ** 2).sum() / before
        kept[i] = -10 * np.log10(max(((out - damaged)[face] ** 2).mean(), 1e-9))
    return undone, kept
