"""The walk over the frames that all faults share: find the face, change it, keep everything else bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.face_frame import FaceFrame, face_frame, steady
from facefix.types import Span

Frame = NDArray[np.uint8]
Change = Callable[[int, FaceFrame, NDArray[np.float32], Frame], NDArray[np.float32]]
"""(frames since the span's start, the face, its pixels (h, w, 3) in 0..255, the whole picture) -> changed pixels."""


def change_faces(pixels: Iterable[Frame], points: NDArray[np.float32], span: Span, change: Change) -> Iterator[Frame]:
    """Yield every frame; those of `span` with `change` done to the face, faded out by its region.

    Frames outside the span, and without a face (NaN points or a face outside the picture), are passed on as the
    same object. Pixels outside the region are bit-identical.
    """
    calm = steady(np.asarray(points, dtype=np.float32))
    for index, frame in enumerate(pixels):
        if index not in span or not np.isfinite(calm[index]).all():
            yield frame
            continue
        face = face_frame(calm[index], *frame.shape[:2])
        if face.empty:
            yield frame
            continue
        before = frame[face.rows, face.columns].astype(np.float32)
        after = change(index - span.start, face, before, frame)
        mixed = before + face.region[..., None] * (after - before)
        changed = frame.copy()
        changed[face.rows, face.columns] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
        yield changed


def whole_face(seed: int) -> tuple[str, ...]:
    """The whole face, whatever the seed."""
    del seed
    return ("face",)
