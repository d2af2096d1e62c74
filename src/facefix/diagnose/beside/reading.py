"""Crops in, expected severity of a fault that looks beside other looks of the same face tell, for those who speak numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facefix.diagnose.beside import pairing
from facefix.diagnose.beside.pairing import Poses, Times
from facefix.models import devices, own, zoo

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Task:
    """What is told of a track."""

    signal: str
    weights: str
    """File among the models."""
    what: str
    """A name of the reader, for people."""
    others: Callable[[Times, Poses, NDArray[np.bool_]], list[list[int]]]
    """Times and poses of looks, and which are sound -> which ones each is held against; see `pairing`."""
    alone: bool
    """Whether a look beside none tells something, too."""


SMEAR = Task("smear", "smear.safetensors", "the smear reader", pairing.elsewhere, True)
DRIFT = Task("look_drift", "drift.safetensors", "the drift reader", pairing.first, False)
SIGNALS: Mapping[str, str] = MappingProxyType(
    {
        SMEAR.signal: "expected severity of torn, dragged or bent features as far as looks beside others tell, 0..1",
        DRIFT.signal: "expected severity of a drift as far as looks beside those of the first second tell, 0..1",
    }
)
"""Of a `Reader` of each task; NaN where a look that tells nothing alone has no others."""

_BATCH = 8
_PAIRS = 64


@dataclass(slots=True, eq=False)
class Sights:
    """What was seen of one track."""

    step: int
    """Every how many frames it is looked at."""
    frames: int = 0
    waiting: list[Floats] = field(default_factory=list)
    prints: list[NDArray[np.float16]] = field(default_factory=list)
    """(2, PRINT, CELLS, CELLS) each, 12 KB: of the face, and of its mirror image."""
    poses: list[tuple[float, float]] = field(default_factory=list)


class Reader:
    """The network in memory. Not thread-safe; build it once and keep it."""

    def __init__(self, task: Task, device: str = "auto", path: Path | None = None) -> None:
        """path: weights, by default those that facefix brings along.

        Raises ModelError where the weights are missing or damaged, SettingsError where there is no such device.
        """
        from facefix.diagnose.beside.network import BesideNetwork, seen

        self._task, self._seen = task, seen
        self._device = devices.resolve(device)
        self._network = own.load(BesideNetwork(), path or zoo.checked(task.weights), task.what).to(self._device)

    def look(self, track: Sights, crop: Floats, pose: tuple[float, float]) -> None:
        """The track's next frame.

        crop: (S, S, 3) RGB 0..1, aligned to the FFHQ template, of any side. pose: yaw and pitch, degrees.
        """
        if track.frames % track.step == 0:
            track.waiting.append(self._seen(crop))
            track.poses.append(pose)
        track.frames += 1
        if len(track.waiting) == _BATCH:
            self._print(track)

    def read(
        self, track: Sights, fps: float, shown: NDArray[np.bool_] | None = None, sound: NDArray[np.bool_] | None = None
    ) -> Floats:
        """(frames,) expected severity 0..1, straight lines between the frames that were looked at; NaN before anything is told.

        shown: (frames,) where the face is to be seen; looks at others tell nothing. sound: (frames,) where nothing else is
        wrong with it. Both are everywhere by default.
        """
        self._print(track)
        everything = np.ones(track.frames, bool)
        shown, sound = (everything if given is None else given for given in (shown, sound))
        looks = np.flatnonzero(shown[:: track.step])
        at = looks * track.step
        others = self._task.others(at / fps, np.array(track.poses, np.float32)[looks], sound[at])
        pairs = [(i, j) for i, some in enumerate(others) for j in (some or ([-1] if self._task.alone else []))]
        if not pairs:
            return np.full(track.frames, np.nan, np.float32)
        of = np.array([i for i, _ in pairs])
        logits = self._logits(track, [(int(looks[i]), int(looks[j]) if j >= 0 else -1) for i, j in pairs])
        told = np.unique(of)
        mean = np.bincount(of, logits)[told] / np.bincount(of)[told]
        before = np.nan if told[0] else None
        out = np.interp(np.arange(track.frames), at[told], 1 / (1 + np.exp(-mean)), left=before)
        return out.astype(np.float32)

    def _print(self, track: Sights) -> None:
        import torch

        if not track.waiting:
            return
        batch = torch.from_numpy(np.stack(track.waiting)).to(self._device)
        both = torch.stack([batch, batch.flip(3)], 1).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), devices.half(self._device):
            prints = self._network.looked(both).unflatten(0, (-1, 2))
        track.prints.extend(prints.float().cpu().numpy().astype(np.float16))
        track.waiting.clear()

    def _logits(self, track: Sights, pairs: list[tuple[int, int]]) -> Floats:
        """(N,) of looks beside others; -1 is none. Means of a face and of its mirror image, as in `looks.Reader`."""
        return np.concatenate([self._told(track, pairs[k : k + _PAIRS]) for k in range(0, len(pairs), _PAIRS)])

    def _told(self, track: Sights, pairs: list[tuple[int, int]]) -> Floats:
        import torch

        here, there = (self._tensor(np.concatenate([track.prints[pair[k]] for pair in pairs])) for k in (0, 1))
        known = self._tensor(np.repeat([other >= 0 for _, other in pairs], 2))
        with torch.inference_mode(), devices.half(self._device):
            logits = self._network.told(here, there, known).unflatten(0, (-1, 2)).mean(1)
        return logits.float().cpu().numpy()

    def _tensor(self, values: NDArray) -> Tensor:
        import torch

        return torch.from_numpy(values.astype(np.float32)).to(self._device)


def smear_reader(device: str = "auto") -> Reader:
    """Of torn, dragged or bent features. Raises as `Reader`."""
    return Reader(SMEAR, device)


def drift_reader(device: str = "auto") -> Reader:
    """Of people who are no longer themselves. Raises as `Reader`."""
    return Reader(DRIFT, device)
