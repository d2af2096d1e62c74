"""Bring a face to a fixed square and back: the similarity between five points and a template, and the crop."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from facefix.types import Crop, Face, Pixels

TEMPLATE_PX = 512
FFHQ_TEMPLATE = np.array(
    [
        [192.98138, 239.94708],
        [318.90277, 240.19360],
        [256.63416, 314.01935],
        [201.26117, 371.41043],
        [313.08905, 371.15118],
    ]
)
"""(5, 2) x, y of eyes, nose tip and mouth corners in a 512 px FFHQ crop; facexlib's FaceRestoreHelper, on which GFPGAN
and CodeFormer are trained. Read-only."""
FFHQ_TEMPLATE.flags.writeable = False

FACE_WIDTH_SHARE = 0.52
"""Width of a face from ear to ear as a share of the FFHQ crop's side: median over 394 portraits (spread 0.03)."""


def transform(points: ArrayLike, size: int = TEMPLATE_PX) -> NDArray[np.float32]:
    """(2, 3) similarity that takes source pixels to the FFHQ crop of `size` px, least squares over the five points.

    points: (5, 2). Uses all five (Umeyama 1991, without reflection), so a profile, where the eyes nearly coincide,
    still has the scale that eyes to mouth give. Points that all coincide give a unit scale: never NaN for finite
    points. Both ends count from pixel centres: a crop of another `size` shows exactly the same piece of the picture.
    """
    target = (FFHQ_TEMPLATE + 0.5) * (size / TEMPLATE_PX) - 0.5
    return fit_similarity(points, target).astype(np.float32)


def fit_similarity(source: ArrayLike, target: ArrayLike) -> NDArray[np.float64]:
    """(2, 3) rotation, uniform scale and shift that takes (N, 2) source to (N, 2) target, least squares.

    As Umeyama, "Least-squares estimation of transformation parameters between two point patterns" (1991), which in the
    plane is one division of complex numbers: the optimum a of a * source = target, both centred.
    """
    start, end = (np.asarray(p, np.float64) @ [1, 1j] for p in (source, target))
    start_mean, end_mean = start.mean(), end.mean()
    spread = np.vdot(start - start_mean, start - start_mean).real
    a = np.vdot(start - start_mean, end - end_mean) / spread if spread > 1e-12 else 1.0 + 0j
    shift = end_mean - a * start_mean
    return np.array([[a.real, -a.imag, shift.real], [a.imag, a.real, shift.imag]])


def inverse(matrix: ArrayLike) -> NDArray[np.float32]:
    """(2, 3) affine that undoes a (2, 3) affine. Raises ValueError where it has none."""
    full = np.asarray(matrix, np.float64)
    if abs(np.linalg.det(full[:, :2])) < 1e-12:
        raise ValueError("the transform flattens the plane and has no inverse")
    back = np.linalg.inv(full[:, :2])
    return np.hstack([back, -back @ full[:, 2:]]).astype(np.float32)


def apply(matrix: ArrayLike, points: ArrayLike) -> NDArray[np.float32]:
    """(..., 2) points taken through a (2, 3) affine."""
    full = np.asarray(matrix, np.float64)
    return (np.asarray(points, np.float64) @ full[:, :2].T + full[:, 2]).astype(np.float32)


def crop(rgb: Pixels, matrix: ArrayLike, size: int = TEMPLATE_PX, frame: int = 0) -> Crop:
    """Cut the square of `size` px out of a picture.

    rgb: (H, W, 3), uint8, uint16, or float32 in 0..1. matrix: (2, 3), source pixels -> crop pixels, as `transform`
    gives. Every crop pixel is filtered over the area it covers, so a shrunken face neither aliases nor shimmers as it
    moves. Beyond the picture's border its pixels are mirrored (edge pixel not repeated).
    """
    full = np.asarray(matrix, np.float64)
    step = max(1, int(0.5 / max(_scale(full), 1e-6)))
    patch, corner = _covered(rgb, full, size, step)
    values, local = _reduce(_to_float(patch), step), full.copy()
    # Reduced pixel i covers source pixels corner + step * i and the step - 1 that follow it.
    local[:, 2] += full[:, :2] @ (corner + (step - 1) / 2)
    local[:, :2] *= step
    shrink = 1 / max(_scale(local), 1e-6)
    if shrink > 1:
        # The spread of a box filter as wide as a crop pixel, less what a source pixel has already.
        values = cv2.GaussianBlur(values, (0, 0), max(0.05, math.sqrt((shrink**2 - 1) / 12)))
    # OpenCV 5 never returns from mirroring a single row or column.
    border = cv2.BORDER_REFLECT_101 if min(values.shape[:2]) > 1 else cv2.BORDER_REPLICATE
    pixels = cv2.warpAffine(values, local, (size, size), flags=cv2.INTER_CUBIC, borderMode=border)
    return Crop(frame=frame, pixels=np.clip(pixels, 0, 1).astype(np.float32), transform=full.astype(np.float32))


def face_px(face: Face) -> float:
    """Width in source pixels of the face if it were seen frontally.

    From the scale of the least-squares similarity, not the box: it hardly changes as the head turns or the mouth opens.
    """
    return FACE_WIDTH_SHARE * TEMPLATE_PX / _scale(fit_similarity(face.points, FFHQ_TEMPLATE))


def _scale(matrix: NDArray[np.float64]) -> float:
    return math.sqrt(abs(np.linalg.det(matrix[:, :2])))


def _covered(rgb: Pixels, matrix: NDArray[np.float64], size: int, step: int) -> tuple[Pixels, NDArray[np.float64]]:
    """The part of the picture a crop reads, and its top-left pixel (x, y).

    It starts at a multiple of `step`, so that the reduced grid lies still while the face moves over it.
    """
    corners = np.array([[-1, -1], [size, -1], [-1, size], [size, size]])
    seen = apply(inverse(matrix), corners)
    margin = 4 * step
    extent = np.array(rgb.shape[1::-1])
    low = np.clip(np.floor(seen.min(0)).astype(int) - margin, 0, extent - 1) // step * step
    high = np.clip(np.ceil(seen.max(0)).astype(int) + margin, low + 1, extent)
    return rgb[low[1] : high[1], low[0] : high[0]], low.astype(np.float64)


def _reduce(values: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Means of step x step pixels; the last row and column repeat the edge where they are incomplete."""
    if step == 1:
        return values
    height, width = values.shape[:2]
    padded = cv2.copyMakeBorder(values, 0, -height % step, 0, -width % step, cv2.BORDER_REPLICATE)
    size = (padded.shape[1] // step, padded.shape[0] // step)
    return cv2.resize(padded, size, interpolation=cv2.INTER_AREA).astype(np.float32, copy=False)


def _to_float(pixels: Pixels) -> NDArray[np.float32]:
    top = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    return np.divide(pixels, top, dtype=np.float32)
