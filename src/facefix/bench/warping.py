"""Warping error: how much a clip changes from frame to frame beyond what moves.

After Lai et al., "Learning Blind Video Temporal Consistency" (2018): every frame is compared with its predecessor, warped onto
it by optical flow; what the predecessor does not show is left out. The flow is that of the true clip, whichever is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SLACK_PX2, _SLACK_SHARE = 0.5, 0.01
"""Flow there and back may miss its start by so much (squared) and still count as seen in both frames: Ruder, Dosovitskiy, Brox,
"Artistic style transfer for videos" (2016), whose test Lai et al. use."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Where each frame but the first finds itself in the frame before."""

    places: Floats
    """(T - 1, S, S, 2) x and y in the frame before, pixels."""
    seen: Floats
    """(T - 1, S, S) 1 where the frame before shows the same, 0 where it does not."""


def motion(crops: Floats) -> Motion:
    """The motion in consecutive crops (T, S, S, 3) RGB 0..1."""
    side = crops.shape[1]
    places = np.zeros((max(0, len(crops) - 1), side, side, 2), np.float32)
    seen = np.zeros(places.shape[:3], np.float32)
    greys = [cv2.cvtColor(np.round(crop * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY) for crop in crops]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    here = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).astype(np.float32)
    for index in range(len(places)):
        before, now = greys[index], greys[index + 1]
        back, forth = (np.asarray(flow.calc(*pair, np.zeros_like(here)), np.float32) for pair in ((now, before), (before, now)))
        places[index] = here + back
        returned = _fetched(forth, places[index])
        missed = np.square(back + returned).sum(-1)
        allowed = _SLACK_SHARE * (np.square(back).sum(-1) + np.square(returned).sum(-1)) + _SLACK_PX2
        inside = ((places[index] >= 0) & (places[index] <= side - 1)).all(-1)
        seen[index] = inside & (missed <= allowed)
    return Motion(places, seen)


def warping_error(crops: Floats, course: Motion, masks: Floats) -> float:
    """Mean squared difference, RGB 0..1, between frames and their predecessors warped onto them.

    crops: (T, S, S, 3) of the frames that the motion was taken from, or of what was made of them. masks: (T, S, S) weights,
    0..1. A single frame has no error.
    """
    total = weight = 0.0
    for index, (places, seen) in enumerate(zip(course.places, course.seen, strict=True)):
        counted = masks[index + 1] * seen
        changed = np.square(crops[index + 1] - _fetched(crops[index], places)).mean(-1)
        total, weight = total + float((changed * counted).sum()), weight + float(counted.sum())
    return total / weight if weight else 0.0


def _fetched(picture: Floats, places: Floats) -> Floats:
    x, y = (np.ascontiguousarray(places[..., i]) for i in (0, 1))
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
