"""Keeps the edge of a parsed face still: what a parser says of one frame alone trembles, and a repair under it would too.

A smallest value over a window, then a mean over a window as wide: every smallest value that counts for a place has seen the
parser's answer for that very place, so their mean never exceeds it. What covers a face stays as it is to the bit, and
the edge of the repair moves no faster than the windows let it. Both windows are centred, so nothing lags.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy import uint8
from numpy.typing import NDArray

REACH = 3
"""Frames of each window on either side of a frame."""
LOOK = 2 * REACH
"""Frames on either side that count for one: the window of a mean, over that of a smallest value."""
_RIM, _SOFT = 3, 2
"""Cells around what is not the face that are left out, and those over which the edge is then made soft: one stays clear, since
cells are interpolated."""
_DOUBTFUL = 0.5
"""What a parser is less sure of is not the face."""


def steadied(shown: Mapping[int, NDArray[uint8]]) -> dict[int, NDArray[uint8]]:
    """Frame -> (P, P) share of the repair that each place takes, 0..255, never more than the parser's answer there allows.

    shown: frame -> (P, P) how surely each place shows the face, 255 being certain. Frames that follow one another are smoothed
    together.
    """
    out: dict[int, NDArray[uint8]] = {}
    for run in _runs(sorted(shown)):
        out.update(zip(run, _over_time(np.stack([_within(shown[frame]) for frame in run])), strict=True))
    return out


def _within(shown: NDArray[uint8]) -> NDArray[uint8]:
    """(P, P) one frame's: 0 wherever the face is doubtful and next to it, with a soft edge."""
    share = np.clip((shown / np.float32(255) - _DOUBTFUL) / (1 - _DOUBTFUL), 0, 1).astype(np.float32)
    inner = cv2.erode(share, np.ones((2 * _RIM + 1,) * 2, np.uint8), borderType=cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(inner, (2 * _SOFT + 1,) * 2, 0, borderType=cv2.BORDER_REPLICATE)
    return np.floor(255 * np.minimum(soft, share)).astype(np.uint8)


def _over_time(maps: NDArray[uint8]) -> NDArray[uint8]:
    """(T, P, P) -> the same, calm."""
    window = np.hanning(2 * REACH + 3)[1:-1].astype(np.float32)
    padded = np.concatenate([maps[:1].repeat(REACH, 0), maps, maps[-1:].repeat(REACH, 0)])
    least = np.stack([padded[t : t + len(window)].min(0) for t in range(len(maps))])
    padded = np.concatenate([least[:1].repeat(REACH, 0), least, least[-1:].repeat(REACH, 0)])
    out = np.empty_like(maps)
    for t in range(len(maps)):
        out[t] = np.einsum("t,tyx->yx", window / window.sum(), padded[t : t + len(window)], dtype=np.float32) + 1e-3
    return out


def _runs(frames: list[int]) -> list[list[int]]:
    """Frames, in order, cut where one is missing."""
    cuts = [i for i in range(1, len(frames)) if frames[i] != frames[i - 1] + 1]
    return [frames[a:b] for a, b in zip([0, *cuts], [*cuts, len(frames)], strict=True) if a < b]
