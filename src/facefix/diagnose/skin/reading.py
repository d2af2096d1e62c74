"""Crops in, expected severity of wax out: the skin reader for those who speak numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facefix.diagnose.skin.bands import bands
from facefix.models import devices, own, zoo

Floats = NDArray[np.float32]

WEIGHTS = "skin.safetensors"
SIGNAL = "wax"
SIGNALS: Mapping[str, str] = MappingProxyType({SIGNAL: "expected severity of wax as far as a single frame tells, 0..1"})
"""What a `Reader` tells of a track."""
BATCH = 8


@dataclass(slots=True, eq=False)
class Looks:
    """What was seen of one track."""

    step: int
    """Every how many frames the skin is looked at."""
    frames: int = 0
    waiting: list[Floats] = field(default_factory=list)
    told: list[float] = field(default_factory=list)


class Reader:
    """The network in memory. Not thread-safe; build it once and keep it."""

    def __init__(self, device: str = "auto", path: Path | None = None) -> None:
        """path: weights, by default those that facefix brings along.

        Raises ModelError where they are missing or damaged, SettingsError where there is no such device.
        """
        from facefix.diagnose.skin.network import SkinNetwork

        self._device = devices.resolve(device)
        self._dtype = devices.best_dtype(self._device)
        self._network = own.load(SkinNetwork(), path or zoo.checked(WEIGHTS), "the skin reader").to(self._device)

    def look(self, track: Looks, crop: Floats) -> None:
        """The track's next frame: crop (S, S, 3) RGB 0..1, aligned to the FFHQ template, of any side."""
        if track.frames % track.step == 0:
            track.waiting.append(bands(crop))
        track.frames += 1
        if len(track.waiting) == BATCH:
            self._ask(track)

    def read(self, track: Looks) -> Floats:
        """(frames,) expected severity 0..1 of wax, straight lines between the frames that were looked at."""
        self._ask(track)
        if not track.told:
            return np.empty(0, np.float32)
        at = np.arange(len(track.told)) * track.step
        return np.interp(np.arange(track.frames), at, track.told).astype(np.float32)

    def judge(self, maps: Floats) -> Floats:
        """(N,) expected severity 0..1 of wax in N faces, as `bands` shows them: (N, CHANNELS, MAP_PX, MAP_PX)."""
        import torch

        low = self._dtype != torch.float32
        batch = torch.from_numpy(maps).to(self._device).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast(self._device.type, self._dtype, enabled=low):
            logits = self._network(batch)
        return torch.sigmoid(logits.float()).cpu().numpy()

    def _ask(self, track: Looks) -> None:
        if track.waiting:
            track.told.extend(self.judge(np.stack(track.waiting)).tolist())
            track.waiting.clear()
