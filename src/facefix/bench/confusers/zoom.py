"""A slow zoom, in or out, of the whole picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.apply import Frame
from facefix.types import Span


def zoom(pixels: Iterable[Frame], points: NDArray[np.float32], seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames; over `span` the lens closes in on the face by up to a third, or leaves it."""
    rng = np.random.default_rng([seed, 26])
    most, inward = rng.uniform(1.18, 1.35), bool(rng.random() < 0.5)
    known = points[np.isfinite(points).all(axis=(1, 2))]
    share = (np.arange(len(span)) + 1) / (len(span) + 1)
    share = share * share * (3 - 2 * share)
    for index, frame in enumerate(pixels):
        if index not in span:
            yield frame
            continue
        now = share[index - span.start]
        factor = most ** (now if inward else 1 - now)
        height, width = frame.shape[:2]
        centre = known.reshape(-1, 2).mean(0) if len(known) else np.array([width / 2, height / 2])
        # The point that stays where it is lies in the picture, so its edges never show.
        centre = np.clip(centre, 0, [width - 1, height - 1])
        matrix = np.array([[factor, 0, centre[0] * (1 - factor)], [0, factor, centre[1] * (1 - factor)]])
        zoomed = cv2.warpAffine(frame, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        yield np.asarray(zoomed, np.uint8)
