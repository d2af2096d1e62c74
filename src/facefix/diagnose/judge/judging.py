"""Crops and placed frames in, severities out: the judge for those who speak numpy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facefix.errors import ModelError
from facefix.models import devices, tensors, zoo
from facefix.types import Placed

Floats = NDArray[np.float32]

WEIGHTS = "judge.safetensors"
ANCHORS = 3
"""Other frames that the network can look at; more are ignored, fewer are fine, none tells little."""
SIDE_PX = 192
"""Of the crops it takes."""
JUDGED = ("warp", "drift", "flicker", "waxy")
"""Columns of what it says."""
BATCH = 8


class Judge:
    """The network in memory. Not thread-safe; build it once and keep it."""

    def __init__(self, device: str = "auto", path: Path | None = None) -> None:
        """path: weights, by default those that facefix brings along.

        Raises ModelError where they are missing or damaged, SettingsError where there is no such device.
        """
        self._device = devices.resolve(device)
        self._dtype = devices.best_dtype(self._device)
        self._network = _load(path or zoo.checked(WEIGHTS)).to(self._device)

    def judge(self, faces: Floats, anchors: Sequence[Sequence[Placed]], guides: Floats) -> Floats:
        """(N, len(JUDGED)) expected severity 0..1 of each failure in N faces, against the frames shown beside them.

        faces: (N, SIDE_PX, SIDE_PX, 3) RGB 0..1, aligned to the FFHQ template. anchors: for each face up to `ANCHORS` other
        frames of it, as `faces.mesh.placing.place` gives them. guides: (N, g, g, 2) crop pixels, as `faces.mesh.placing.guide`.
        """
        if not len(faces) == len(anchors) == len(guides):
            raise ValueError(f"{len(faces)} faces, other frames for {len(anchors)}, {len(guides)} guides")
        told = [np.empty((0, len(JUDGED)), np.float32)]
        for start in range(0, len(faces), BATCH):
            some = slice(start, start + BATCH)
            told.append(self._judge(faces[some], anchors[some], guides[some]))
        return np.concatenate(told)

    def _judge(self, faces: Floats, anchors: Sequence[Sequence[Placed]], guides: Floats) -> Floats:
        import torch

        shown, coverage = tensors.stacked(anchors, ANCHORS, SIDE_PX)
        shifts = np.divide(guides, SIDE_PX, dtype=np.float32)
        inputs = [tensors.planes(a, self._device) for a in (faces, shown, shifts)]
        covered = torch.from_numpy(coverage).to(self._device)
        low = self._dtype != torch.float32
        with torch.inference_mode(), torch.autocast(self._device.type, self._dtype, enabled=low):
            logits, _ = self._network(inputs[0], inputs[1], covered, inputs[2])
        return torch.sigmoid(logits.float()).cpu().numpy()


def _load(path: Path) -> Any:
    """The network with its weights, ready to run."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from torch import channels_last

    from facefix.diagnose.judge.network import JudgeNetwork

    network = JudgeNetwork()
    try:
        state = {name: tensor.float() for name, tensor in load_file(path).items()}
        missing, unexpected = network.load_state_dict(state, strict=False)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ModelError(f"{path} holds no weights of the judge ({error}).") from error
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise ModelError(f"{path} holds the weights of another network.")
    return network.eval().requires_grad_(False).to(memory_format=channels_last)
