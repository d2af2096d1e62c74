"""Keeps what an upscaler adds calm from frame to frame.

A network draws every frame anew, so what it adds shimmers where the clip itself stands still. Here the added detail of a frame
is mixed with that of the frame before, moved along the source's own motion, wherever the source shows the same thing in both.
It never leaves the range of what the network drew around the very pixel in this frame, as in temporal anti-aliasing (Karis,
"High-quality temporal supersampling", 2014): what moved, appeared or changed cannot leave a trail.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy import float32, uint8
from numpy.typing import NDArray

_KEPT = 0.7
"""Most of the frame before that is mixed in: averages about six frames where nothing moves."""
LOOK_BACK = 24
"""Frames after which less than a thousandth of what was added is left in the mixture."""
_ALIKE = 5 / 255
"""Difference of a source pixel's colour, slightly blurred, at which only a third as much is mixed in."""
_SLACK_PX2, _SLACK_SHARE = 0.5, 0.01
"""Flow there and back may miss its start by so much (squared): Ruder, Dosovitskiy, Brox, "Artistic style transfer for
videos" (2016)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    blurred: NDArray[float32]
    """(H, W, 3) source."""
    grey: NDArray[uint8]
    """(H, W) source."""
    added: NDArray[float32]
    """(s * H, s * W, 3) that was added to the interpolated source."""


class Steadier:
    """Takes the frames of one clip in order. Keeps one frame, and room for the sums."""

    def __init__(self) -> None:
        self._past: _Past | None = None
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._room: list[NDArray[float32]] = []
        """Three pictures of the enlarged size: fresh memory for each frame would cost as much time as the sums."""

    def restart(self) -> None:
        """Forget the frames so far."""
        self._past = None

    def steadied(self, source: NDArray[float32], large: NDArray[float32]) -> NDArray[float32]:
        """The next frame, calmed: `large` itself, (s * H, s * W, 3) RGB 0..1.

        Args:
            source: (H, W, 3) RGB 0..1.
            large: (s * H, s * W, 3) what the upscaler made of it; written to.
        """
        past = self._past
        if past is None or past.added.shape != large.shape:
            past, self._room = None, [np.empty_like(large) for _ in range(3)]
        added, before, bound = self._room
        cv2.subtract(large, cv2.resize(source, large.shape[1::-1], dst=added, interpolation=cv2.INTER_CUBIC), dst=added)
        grey = np.asarray(cv2.cvtColor(source, cv2.COLOR_RGB2GRAY), np.float32)
        blurred = np.asarray(cv2.GaussianBlur(source, (0, 0), 1), np.float32)
        now = _Past(blurred, np.rint(grey * 255).astype(np.uint8), added)
        self._past = now
        if past is None:
            self._room[0] = np.empty_like(large)
            return large
        weight, places = self._found(past, now, large.shape[0] // source.shape[0])
        cv2.remap(past.added, *places, cv2.INTER_CUBIC, dst=before, borderMode=cv2.BORDER_REPLICATE)
        around = np.ones((3, 3), np.uint8)
        cv2.max(before, cv2.erode(added, around, dst=bound), dst=before)
        cv2.min(before, cv2.dilate(added, around, dst=bound), dst=before)
        change = np.multiply(cv2.subtract(before, added, dst=before), weight[..., None], out=before)
        added += change
        large += change
        self._room[0] = past.added
        return np.clip(large, 0, 1, out=large)

    def _found(self, past: _Past, now: _Past, scale: int) -> tuple[NDArray[float32], tuple[NDArray[float32], NDArray[float32]]]:
        """Weight of the frame before, 0..1, and where each pixel lies in it (x, y): all of the enlarged size."""
        height, width = now.grey.shape
        nothing = np.zeros((height, width, 2), np.float32)
        back = self._flow.calc(now.grey, past.grey, nothing.copy())
        forth = self._flow.calc(past.grey, now.grey, nothing)
        x, y = back[..., 0] + np.arange(width, dtype=np.float32), back[..., 1] + np.arange(height, dtype=np.float32)[:, None]
        returned = cv2.remap(forth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        missed = np.square(back + returned).sum(-1)
        far = np.square(back).sum(-1) + np.square(returned).sum(-1)
        seen = (missed <= _SLACK_SHARE * far + _SLACK_PX2) & (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
        moved = cv2.remap(past.blurred, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        unlike = np.abs(now.blurred - moved).max(-1) / float32(_ALIKE)
        weight = cv2.erode(float32(_KEPT) * np.exp(-unlike * unlike) * seen, np.ones((3, 3), np.uint8))
        size = (scale * width, scale * height)
        weight = cv2.resize(np.asarray(weight, np.float32), size, interpolation=cv2.INTER_LINEAR)
        shift = cv2.resize(back, size, interpolation=cv2.INTER_LINEAR) * float32(scale)
        large_x = shift[..., 0] + np.arange(size[0], dtype=np.float32)
        large_y = shift[..., 1] + np.arange(size[1], dtype=np.float32)[:, None]
        return np.asarray(weight, np.float32), (large_x, large_y)
