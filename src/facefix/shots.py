"""Where one shot ends and the next begins.

Candidates come from PySceneDetect's AdaptiveDetector: a frame that differs from the one before it far more than its
neighbours do from theirs, so that steady motion, however fast, raises the bar for itself. A candidate becomes a cut
only if no frame shortly before it resembles, in its colours or at least in its layout, any frame shortly after: a
flash, a lost frame or a stuttering clip jumps too, but comes back to (or never leaves) the same picture. Nor is it one
if all that changes is the light, however long for: what was darker than something else is so afterwards.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector
from scipy.stats import rankdata

from facefix.types import Pixels, Shot, Span

# Side of the thumbnail that is compared, in pixels: coarse enough to forgive grain, fine enough to see a new angle.
_THUMBNAIL_PX = 96

# Measured on 59 talking-head and generated clips (10,909 frame pairs without a cut, 3,422 joints of two clips):
# at joints the detector's score is at least 13.6 and its ratio to the neighbours' at least 3.5. Both bars lie below
# that, because the palette decides: without a cut it moves by at most 0.15 from one frame to the next, at joints by
# 0.22 at the least and 0.53 at 99 of 100.
_MIN_SCORE = 10.0
_MIN_RATIO = 2.5
_MIN_PALETTE_DISTANCE = 0.2
# A cut to another framing of the same scene keeps the palette, but not where light and dark lie: without a cut one
# minus their correlation reaches 0.37 from one frame to the next, in the fastest head turn there is; reframed by 1.6
# it is 0.48 or more for three quarters of the clips (96 % are found by one or the other). The bar leaves room for
# clips that stutter while they move.
_MIN_LAYOUT_DISTANCE = 0.5
# In another light places keep their order from dark to bright, though neither colours nor contrast: one minus the rank
# correlation reaches 0.11 in 98 of 100 flashes of 1.6 to 3.2 times the light in 59 clips, and is at least 0.15 between
# any two of 1,711 pairs of these clips whose palettes differ, 0.24 in 999 of 1,000.
_MIN_ORDER_DISTANCE = 0.13

# Frames on either side of a candidate that are compared. What lasts less than this is a flash, not a shot.
_REACH = 4
# Frames on either side that the ratio is taken to.
_WINDOW = 2


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    index: int
    palette: NDArray[np.float32]
    layout: NDArray[np.float32]


class ShotDetector:
    """Fed with every frame of a clip (or of a range of it) in order; tells the shots at the end.

    Memory and time do not depend on the clip's length or, beyond one shrinking, on its size.
    """

    def __init__(self) -> None:
        self._detector = AdaptiveDetector(
            adaptive_threshold=_MIN_RATIO, min_scene_len=1, window_width=_WINDOW, min_content_val=_MIN_SCORE
        )
        self._count = 0
        self._first: int | None = None
        self._last_thumbnail: NDArray[Any] | None = None
        self._recent: deque[_Seen] = deque(maxlen=2 * _REACH + _WINDOW + 1)
        self._candidates: deque[int] = deque()
        self._cuts: list[int] = []

    def push(self, index: int, rgb: Pixels) -> None:
        """Take the next frame: its number in the clip and its picture, (H, W, 3) RGB uint8 or uint16."""
        thumbnail = _thumbnail(rgb)
        if self._first is None:
            self._first = index
            for _ in range(_WINDOW):
                # The detector only judges frames with neighbours on both sides: give the first ones a past.
                self._detect(thumbnail)
        self._recent.append(_Seen(index, _palette(thumbnail), _layout(thumbnail)))
        self._detect(thumbnail)
        self._last_thumbnail = thumbnail
        self._judge(index - _REACH + 1)

    def finish(self, frames: int) -> tuple[Shot, ...]:
        """The shots of the frames that were pushed and lie before frame `frames`, without gaps."""
        if self._last_thumbnail is not None:
            for _ in range(_WINDOW):
                self._detect(self._last_thumbnail)
            self._judge(frames)
        first = self._first or 0
        end = min(frames, self._recent[-1].index + 1) if self._recent else 0
        edges = [first, *(cut for cut in self._cuts if first < cut < end), end]
        spans = [Span(start, end) for start, end in itertools.pairwise(edges) if end > start]
        return tuple(Shot(number, span) for number, span in enumerate(spans))

    def _detect(self, thumbnail: NDArray[Any]) -> None:
        time = FrameTimecode(self._count, fps=25.0)
        self._count += 1
        for found in self._detector.process_frame(time, cv2.cvtColor(thumbnail, cv2.COLOR_RGB2BGR)):
            self._candidates.append((self._first or 0) + found.frame_num - _WINDOW)

    def _judge(self, settled: int) -> None:
        """Decide on the candidates before frame `settled`: all that will ever be compared with them has been seen."""
        while self._candidates and self._candidates[0] < settled:
            cut = self._candidates.popleft()
            # A cut blended over two frames makes two candidates; the first one counts.
            if (not self._cuts or cut - self._cuts[-1] >= _REACH) and self._is_cut(cut):
                self._cuts.append(cut)

    def _is_cut(self, cut: int) -> bool:
        before = [seen for seen in self._recent if cut - _REACH <= seen.index < cut]
        after = [seen for seen in self._recent if cut <= seen.index < cut + _REACH]
        pairs = list(itertools.product(before, after))
        if not pairs:
            return False
        if min(_palette_distance(a.palette, b.palette) for a, b in pairs) >= _MIN_PALETTE_DISTANCE:
            orders = itertools.product(*([_order(seen.layout) for seen in side] for side in (before, after)))
            return min(_correlation_distance(a, b) for a, b in orders) >= _MIN_ORDER_DISTANCE
        return min(_correlation_distance(a.layout, b.layout) for a, b in pairs) >= _MIN_LAYOUT_DISTANCE


def _thumbnail(rgb: Pixels) -> NDArray[Any]:
    small = cv2.resize(rgb, (_THUMBNAIL_PX, _THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return small if small.dtype == np.uint8 else np.right_shift(small, 8).astype(np.uint8)


def _palette(thumbnail: NDArray[Any]) -> NDArray[np.float32]:
    """Share of pixels per CIELAB bin, 8 a channel. Chroma is binned over its inner quarter, where footage lives."""
    lab = cv2.cvtColor(thumbnail, cv2.COLOR_RGB2LAB)
    counts = cv2.calcHist([lab], [0, 1, 2], None, [8, 8, 8], [0, 256, 96, 160, 96, 160])
    return (counts / np.float32(thumbnail.shape[0] * thumbnail.shape[1])).astype(np.float32)


def _palette_distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Share of the pixels whose colours the other picture does not have: 0 same palette, 1 nothing in common.

    Counted against the larger total, because colours beyond the bins' range are in no bin.
    """
    return float(max(a.sum(), b.sum()) - np.minimum(a, b).sum())


def _layout(thumbnail: NDArray[Any]) -> NDArray[np.float32]:
    """Where light and dark lie: 24x24 smoothed grey values without their mean and contrast, so that fades do not count.

    4 grey levels are added to the deviation: what a flat picture holds is noise.
    """
    gray = cv2.resize(cv2.cvtColor(thumbnail, cv2.COLOR_RGB2GRAY), (24, 24), interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(gray.astype(np.float32), (0, 0), 1.0)
    return np.asarray((smooth - smooth.mean()) / (smooth.std() + 4), np.float32)


def _order(layout: NDArray[np.float32]) -> NDArray[np.float32]:
    """The ranks of a layout's places from dark to bright, without their mean and spread."""
    ranks = rankdata(layout)
    return ((ranks - ranks.mean()) / max(float(ranks.std()), 1.0)).astype(np.float32)


def _correlation_distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """One minus the correlation: 0 the same, 1 unrelated, 2 inverted."""
    return float(1 - (a * b).mean())
