"""Frame + patches -> frame. Pixels outside a patch's mask stay bit-identical."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.types import Patch, Pixels

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels, end exclusive."""


def footprint(patch: Patch, width: int, height: int) -> Box | None:
    """Smallest box of source pixels the patch's mask can touch, or None when it lies outside the picture."""
    rows, columns = np.flatnonzero(patch.mask.any(axis=1)), np.flatnonzero(patch.mask.any(axis=0))
    if not len(rows):
        return None
    x0, x1, y0, y1 = columns[0] - 1, columns[-1] + 1, rows[0] - 1, rows[-1] + 1
    corners = np.array([[x0, y0], [x1, y0], [x0, y1], [x1, y1]], float)
    back = cv2.invertAffineTransform(patch.transform.astype(float))
    spots = corners @ back[:, :2].T + back[:, 2]
    low, high = np.floor(spots.min(axis=0)).astype(int), np.ceil(spots.max(axis=0)).astype(int) + 1
    box = (max(0, int(low[0])), max(0, int(low[1])), min(width, int(high[0])), min(height, int(high[1])))
    return box if box[0] < box[2] and box[1] < box[3] else None


def add(pixels: Pixels, patches: Sequence[Patch]) -> tuple[Pixels, Box | None]:
    """Add the patches' masked residuals to a picture.

    Args:
        pixels: (H, W, 3) RGB, uint8 or uint16; not written to.

    Returns:
        The new picture and the box outside which nothing changed; the same array and None when nothing did.
    """
    height, width = pixels.shape[:2]
    out = pixels
    touched: list[Box] = []
    for patch in patches:
        box = footprint(patch, width, height)
        if box is None:
            continue
        if out is pixels:
            out = pixels.copy()
        x0, y0, x1, y1 = box
        view = out[y0:y1, x0:x1]
        view[:] = _added(view, patch, box)
        touched.append(box)
    if out is pixels:
        return pixels, None
    x0, y0, x1, y1 = zip(*touched, strict=True)
    return out, (min(x0), min(y0), max(x1), max(y1))


def _added(view: Pixels, patch: Patch, box: Box) -> Pixels:
    """The picture's part in `box` plus the patch, rounded; equal to `view` wherever the residual is zero."""
    shift = np.array([[1, 0, box[0]], [0, 1, box[1]], [0, 0, 1]], float)
    to_crop = (np.vstack([patch.transform.astype(float), [0, 0, 1]]) @ shift)[:2]
    residual = _antialiased(patch.residual * patch.mask[..., None], float(np.sqrt(abs(np.linalg.det(to_crop[:, :2])))))
    size = (box[2] - box[0], box[3] - box[1])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    delta = cv2.warpAffine(residual, to_crop, size, flags=flags, borderMode=cv2.BORDER_CONSTANT)
    top = np.iinfo(view.dtype).max
    return np.rint(view + delta * float32(top)).clip(0, top).astype(view.dtype)


def _antialiased(residual: NDArray[float32], crop_px_per_source_px: float) -> NDArray[float32]:
    """Blur away what the source's coarser grid cannot hold; blur never reaches beyond the mask by design of the mask."""
    if crop_px_per_source_px <= 1.3:
        return residual
    sigma = 0.35 * float(np.sqrt(crop_px_per_source_px**2 - 1))
    inside = (residual != 0).any(axis=2, keepdims=True)
    return cv2.GaussianBlur(residual, (0, 0), sigma) * inside
