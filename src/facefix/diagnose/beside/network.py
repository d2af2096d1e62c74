"""The network: one aligned face and how it looks otherwise in, how severe a fault of it is out: torn, dragged or bent features,
or somebody else's, as it was trained.

The mesh tells what moves where it does not belong; texture that is dragged over one half of a face moves no feature. A frame
alone shows it, to whoever knows what faces look like, and better beside other frames of the same face: a crooked nose that is
its own is crooked there too.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facefix.models.blocks import Block, convolved, stage

SIDE_PX = 128
"""Of the crops that are looked at."""
_FAINTEST = 0.04
"""Contrast below which nothing is told apart."""
_ENTRANCE, _WIDTHS = 24, (48, 80, 112)
PRINT = 48
"""Features of a face in each of `CELLS` x `CELLS` places: what is kept of it, to be held against others."""
CELLS = SIDE_PX // 2 ** (1 + len(_WIDTHS))
_BESIDE = 128


def seen(crop: NDArray[np.float32]) -> NDArray[np.float32]:
    """(3, SIDE_PX, SIDE_PX) of a crop (S, S, 3) RGB 0..1 aligned to the FFHQ template: light and contrast taken off."""
    way = cv2.INTER_AREA if crop.shape[0] > SIDE_PX else cv2.INTER_LINEAR
    small = crop if crop.shape[0] == SIDE_PX else cv2.resize(crop, (SIDE_PX, SIDE_PX), interpolation=way)
    inner = small[SIDE_PX // 4 : -SIDE_PX // 4, SIDE_PX // 4 : -SIDE_PX // 4]
    usual = (small - inner.mean((0, 1))) / max(float(inner.std()), _FAINTEST)
    return np.ascontiguousarray(usual.transpose(2, 0, 1), np.float32)


class BesideNetwork(nn.Module):
    """Faces to prints, `looked`; a print beside another of the same face, or alone, to a vote, `told`."""

    def __init__(self) -> None:
        super().__init__()
        self.entrance = convolved(3, _ENTRANCE, 2)
        inner = (_ENTRANCE, *_WIDTHS)
        self.body = nn.Sequential(*(stage(i, width, 1) for i, width in zip(inner, _WIDTHS, strict=False)))
        self.print = nn.Conv2d(_WIDTHS[-1], PRINT, 1)
        self.beside = nn.Sequential(convolved(2 * PRINT + 1, _BESIDE), Block(_BESIDE), Block(_BESIDE))
        self.vote = nn.Sequential(nn.Linear(2 * _BESIDE, 64), nn.ReLU(inplace=True), nn.Dropout(0.2), nn.Linear(64, 1))

    def looked(self, crops: Tensor) -> Tensor:
        """(N, 3, SIDE_PX, SIDE_PX) as `seen` makes them -> (N, PRINT, CELLS, CELLS)."""
        return self.print(self.body(self.entrance(crops)))

    def told(self, prints: Tensor, others: Tensor, known: Tensor) -> Tensor:
        """(N,) logits; sigmoid of them is the expected severity.

        prints: of the faces. others: (N, PRINT, CELLS, CELLS) of how each looks otherwise. known: (N,) 1 where there is one.
        """
        there = known.to(prints.dtype)[:, None, None, None]
        flag = there.expand(-1, 1, CELLS, CELLS)
        seen_beside = self.beside(torch.cat([prints, others * there, flag], 1)).float().flatten(2)
        with torch.autocast(prints.device.type, enabled=False):
            return self.vote(torch.cat([seen_beside.mean(2), seen_beside.amax(2)], 1))[:, 0]
