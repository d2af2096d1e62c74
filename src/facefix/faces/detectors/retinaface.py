"""RetinaFace on a ResNet-50, facexlib's: an anchor-based face detector with five points, for a GPU.

Deng, Guo, Zhou, Yu, Kotsia, Zafeiriou, "RetinaFace: Single-Stage Dense Face Localisation in the Wild" (2019). The network is
facexlib's; its weights are read by `models.checkpoints`, as facexlib's own loader would run whatever is in the file.

It takes BGR in 0..255 less its training's mean, and answers for two square anchors, one half as large as the other, on every
cell of three grids: a pair of "no face" and "face", and, as shares of the anchor, where box and points lie.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facefix.errors import ModelError
from facefix.faces.detectors.contract import DetectorSpec
from facefix.models import basicsr_adapter, checkpoints, devices, tensors, zoo
from facefix.types import Face, Pixels

if TYPE_CHECKING:
    import torch

WEIGHTS = "detection_Resnet50_Final.pth"
WORK_PX = 960
"""Pictures are shrunk to the area of a square of this side, which is that of 1280 x 720: its largest anchor has 512 px."""
ANCHORS_PX = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
"""Cell of a grid -> sides of the anchors in its middle."""
SAME_IOU = 0.4
"""Boxes that overlap a better one's by more are dropped."""
_BATCH = 4
_MEAN_BGR = np.array([104, 117, 123], np.float32)
_SHIFT, _GROWTH = 0.1, 0.2
"""What an answer of 1 stands for: of the anchor's side, of the logarithm of a box's growth."""


class RetinaFace:
    """The network in memory, in single precision: in half of it points tremble."""

    def __init__(self, device: str = "auto", threshold: float = 0.8) -> None:
        """threshold: least score, 0..1, of a face that is reported; its authors' own.

        Raises ModelError where the weights are missing or damaged, SettingsError where there is no such device.
        """
        self._device = devices.resolve(device)
        path = zoo.checked(WEIGHTS)
        self._network = checkpoints.load(basicsr_adapter.retinaface(self._device), path, "RetinaFace").to(self._device)
        self._threshold = threshold
        self._batch = _BATCH

    def detect(self, pictures: Sequence[Pixels], frames: Sequence[int]) -> list[list[Face]]:
        """See `Detector.detect`. Up to four pictures of one size at a time, fewer from where memory has run out.

        Raises ModelError: out of memory even with one picture at a time.
        """
        found = []
        for _, some in groupby(zip(pictures, frames, strict=True), lambda one: one[0].shape):
            alike = list(some)
            while alike:
                batch = alike[: self._batch]
                if (faces := self._fitting(batch)) is not None:
                    found += faces
                    alike = alike[len(batch) :]
        return found

    def _fitting(self, batch: list[tuple[Pixels, int]]) -> list[list[Face]] | None:
        """None where memory ran out: batches are smaller now. Raises ModelError."""
        import torch

        try:
            return self._detect(*zip(*batch, strict=True))
        except torch.OutOfMemoryError as error:
            if len(batch) == 1:
                raise ModelError(
                    f"{self._device} has too little memory for even one picture; use --device cpu or --detector centerface."
                ) from error
        self._batch = len(batch) // 2
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        return None

    def _detect(self, pictures: Sequence[Pixels], frames: Sequence[int]) -> list[list[Face]]:
        """Pictures of one size."""
        import torch

        blobs, scale = zip(*(_blob(picture) for picture in pictures), strict=True)
        with torch.inference_mode():
            offsets, scores, points = self._network(tensors.planes(np.stack(blobs), self._device))
            anchors = torch.from_numpy(anchors_of(*blobs[0].shape[:2])).to(self._device)
            answers = [decode(anchors, *one, self._threshold) for one in zip(offsets, scores[..., 1], points, strict=True)]
        return [
            [
                # From pixel centres of the working picture to those of the source.
                Face(frame, (box + 0.5) / np.tile(scale[0], 2) - 0.5, (five + 0.5) / scale[0] - 0.5, score=float(score))
                for box, five, score in zip(*(part.cpu().numpy() for part in answer), strict=True)
            ]
            for frame, answer in zip(frames, answers, strict=True)
        ]


def _blob(picture: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(h, w, 3) input of the network, and the working size over the source's: (x, y)."""
    import cv2

    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype not in (np.uint8, np.uint16) or not picture.size:
        raise ValueError(f"a picture must be (H, W, 3) uint8 or uint16, not {picture.shape} {picture.dtype}")
    height, width = picture.shape[:2]
    factor = min(1.0, WORK_PX / math.sqrt(height * width))
    w, h = max(1, round(width * factor)), max(1, round(height * factor))
    small = picture if factor == 1 else cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA)
    values = small.astype(np.float32) / np.float32(257.0 if picture.dtype == np.uint16 else 1.0)
    return (values[..., ::-1] - _MEAN_BGR).astype(np.float32), np.array([w / width, h / height], np.float32)


def anchors_of(height: int, width: int) -> NDArray[np.float32]:
    """(A, 3) middle x, y and side of every anchor in a picture of that size, px, in the order of the network's answers."""
    grids = []
    for cell, sides in ANCHORS_PX.items():
        y, x = np.mgrid[: math.ceil(height / cell), : math.ceil(width / cell)].reshape(2, -1)
        middles = (np.stack([x, y], 1) + 0.5) * cell
        grids.append(np.concatenate([np.repeat(middles, len(sides), 0), np.tile(sides, len(middles))[:, None]], 1))
    return np.concatenate(grids).astype(np.float32)


def decode(
    anchors: torch.Tensor, offsets: torch.Tensor, scores: torch.Tensor, points: torch.Tensor, threshold: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """One picture's answers to faces: boxes (N, 4), points (N, 5, 2), px, and scores (N,), best first.

    anchors (A, 3) as `anchors_of` gives, offsets (A, 4), scores (A,) 0..1, points (A, 10).
    """
    import torch
    from torchvision.ops import nms

    likely = scores > threshold
    middles, sides = anchors[likely, :2], anchors[likely, 2:]
    offsets, scores, points = offsets[likely], scores[likely], points[likely]
    centres = middles + offsets[:, :2] * _SHIFT * sides
    halves = sides * torch.exp(offsets[:, 2:] * _GROWTH) / 2
    boxes = torch.cat([centres - halves, centres + halves], 1)
    fives = middles[:, None] + points.reshape(-1, 5, 2) * _SHIFT * sides[:, None]
    kept = nms(boxes, scores, SAME_IOU)
    return boxes[kept], fives[kept], scores[kept]


SPEC = DetectorSpec(
    name="retinaface",
    describe="RetinaFace on a ResNet-50: finds more faces that are turned or half hidden; slow on a CPU.",
    licence="MIT",
    load=RetinaFace,
    files=(WEIGHTS,),
)
