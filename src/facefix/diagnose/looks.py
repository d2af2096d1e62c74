"""A track looked at every few frames by a network that sees one face at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facefix.models import devices, own

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.float32]

BATCH = 8


@dataclass(slots=True, eq=False)
class Looks:
    """What was seen of one track."""

    step: int
    """Every how many frames it is looked at."""
    frames: int = 0
    waiting: list[Floats] = field(default_factory=list)
    told: list[float] = field(default_factory=list)


class Reader:
    """The network in memory. Not thread-safe; build it once and keep it."""

    def __init__(
        self, network: torch.nn.Module, path: Path, what: str, seen: Callable[[Floats], Floats], device: str = "auto"
    ) -> None:
        """
        Args:
            network: (N, C, H, W) as `seen` makes them -> (N,) logits; its weights are at `path`.
            what: a name for it, for people.
            seen: what it looks at of a crop (S, S, 3) RGB 0..1, aligned to the FFHQ template: (C, H, W).

        Raises ModelError where the weights are missing or damaged, SettingsError where there is no such device.
        """
        self._seen = seen
        self._device = devices.resolve(device)
        self._network = own.load(network, path, what).to(self._device)

    def look(self, track: Looks, crop: Floats) -> None:
        """The track's next frame: crop (S, S, 3) RGB 0..1, aligned to the FFHQ template, of any side."""
        if track.frames % track.step == 0:
            track.waiting.append(self._seen(crop))
        track.frames += 1
        if len(track.waiting) == BATCH:
            self._ask(track)

    def read(self, track: Looks) -> Floats:
        """(frames,) expected severity 0..1, straight lines between the frames that were looked at."""
        self._ask(track)
        if not track.told:
            return np.empty(0, np.float32)
        at = np.arange(len(track.told)) * track.step
        return np.interp(np.arange(track.frames), at, track.told).astype(np.float32)

    def judge(self, maps: Floats) -> Floats:
        """(N,) expected severity 0..1 in N faces, as `seen` shows them: (N, C, H, W).

        A face and its mirror image are one: what is told of them differs by what the network does not know, and their mean errs
        less than either.
        """
        import torch

        batch = torch.from_numpy(maps).to(self._device)
        both = torch.cat([batch, batch.flip(3)]).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), devices.half(self._device):
            logits = self._network(both).float().unflatten(0, (2, -1)).mean(0)
        return torch.sigmoid(logits).cpu().numpy()

    def _ask(self, track: Looks) -> None:
        if track.waiting:
            track.told.extend(self.judge(np.stack(track.waiting)).tolist())
            track.waiting.clear()
