"""The network: one aligned face in, how badly its features are torn, dragged or bent out.

The mesh tells what moves where it does not belong; texture that is dragged over one half of a face moves no feature. A frame
alone shows it, to whoever knows what faces look like.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facefix.models.blocks import convolved, stage

SIDE_PX = 128
"""Of the crops that are looked at."""
_FAINTEST = 0.04
"""Contrast below which nothing is told apart."""
_ENTRANCE, _WIDTHS = 24, (48, 80, 112)


def seen(crop: NDArray[np.float32]) -> NDArray[np.float32]:
    """(3, SIDE_PX, SIDE_PX) of a crop (S, S, 3) RGB 0..1 aligned to the FFHQ template: light and contrast taken off."""
    way = cv2.INTER_AREA if crop.shape[0] > SIDE_PX else cv2.INTER_LINEAR
    small = crop if crop.shape[0] == SIDE_PX else cv2.resize(crop, (SIDE_PX, SIDE_PX), interpolation=way)
    inner = small[SIDE_PX // 4 : -SIDE_PX // 4, SIDE_PX // 4 : -SIDE_PX // 4]
    usual = (small - inner.mean((0, 1))) / max(float(inner.std()), _FAINTEST)
    return np.ascontiguousarray(usual.transpose(2, 0, 1), np.float32)


class SmearNetwork(nn.Module):
    """(N, 3, SIDE_PX, SIDE_PX) as `seen` makes them -> (N,) logits; sigmoid of them is the expected severity."""

    def __init__(self) -> None:
        super().__init__()
        self.entrance = convolved(3, _ENTRANCE, 2)
        inner = (_ENTRANCE, *_WIDTHS)
        self.body = nn.Sequential(*(stage(i, width, 1) for i, width in zip(inner, _WIDTHS, strict=False)))
        self.vote = nn.Sequential(nn.Linear(2 * _WIDTHS[-1], 64), nn.ReLU(inplace=True), nn.Dropout(0.2), nn.Linear(64, 1))

    def forward(self, crops: Tensor) -> Tensor:
        told = self.body(self.entrance(crops)).float().flatten(2)
        with torch.autocast(crops.device.type, enabled=False):
            return self.vote(torch.cat([told.mean(2), told.amax(2)], 1))[:, 0]
