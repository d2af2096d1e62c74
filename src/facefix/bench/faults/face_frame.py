"""Coordinates that move with a face, and the region that faults must not leave.

Face coordinates: origin midway between the eyes' and the mouth's midpoints, v down the face, u across it to
image right, one unit = the distance between the eyes of a frontal face. In these coordinates the eyes lie
near (-0.5, -0.5) and (0.5, -0.5), the mouth near v = 0.5, the chin near 1.25, the hairline near -1.25.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Field = NDArray[np.float32]

REACH = 1.75
"""Half side, in units, of the square that holds everything a fault may touch."""
_HALF_WIDTH, _UPPER, _LOWER = 1.12, 1.50, 1.42
_POINT_SMOOTHING_FRAMES = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class FaceFrame:
    """Face coordinates of one picture, on the part of it that a fault may touch."""

    rows: slice
    columns: slice
    """Where that part lies in the picture; empty when the face is outside it."""
    u: Field
    """(h, w)."""
    v: Field
    """(h, w)."""
    centre: NDArray[np.float64]
    """(2,) the origin in picture coordinates."""
    unit_px: float
    right: NDArray[np.float64]
    """(2,) unit vector along u, in picture coordinates."""
    down: NDArray[np.float64]
    """(2,) unit vector along v."""
    landmarks: NDArray[np.float64]
    """(5, 2): the five points in face coordinates."""
    region: Field
    """(h, w), 0..1: 1 on the face, exactly 0 outside it."""

    @property
    def empty(self) -> bool:
        return self.u.size == 0

    def displace(self, pixels: NDArray[np.float32], du: Field, dv: Field) -> NDArray[np.float32]:
        """(h, w, 3) as if each point of it had moved by (du, dv) units: read where the content comes from."""
        height, width = self.u.shape
        y, x = np.mgrid[:height, :width].astype(np.float32)
        dx = self.unit_px * (du * self.right[0] + dv * self.down[0])
        dy = self.unit_px * (du * self.right[1] + dv * self.down[1])
        map_x, map_y = (x - dx).astype(np.float32), (y - dy).astype(np.float32)
        moved = cv2.remap(pixels, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        return moved.astype(np.float32)

    def look_up(self, picture: NDArray[np.uint8], u: Field, v: Field) -> NDArray[np.float32]:
        """Colours of a whole picture, of which this is the face frame, at face coordinates of any shape (h, w)."""
        at = (self.centre + self.unit_px * (u[..., None] * self.right + v[..., None] * self.down)).astype(np.float32)
        seen = cv2.remap(picture, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return seen.astype(np.float32)

    def near(self, centre: NDArray[np.float64], radius: float) -> Field:
        """(h, w) Gaussian bump around face coordinates (2,), `radius` its standard deviation in units."""
        return np.exp(-((self.u - centre[0]) ** 2 + (self.v - centre[1]) ** 2) / (2 * radius**2)).astype(np.float32)

    def spread(self, knots: NDArray[np.float64]) -> Field:
        """(h, w, c) a smooth field through (n, n, c) knots laid evenly over the square of half side `REACH`.

        Knots travel with the face, so that a field that holds still does so on the skin.
        """
        count = knots.shape[0]
        map_x = ((self.u / REACH + 1) / 2 * (count - 1)).astype(np.float32)
        map_y = ((self.v / REACH + 1) / 2 * (count - 1)).astype(np.float32)
        # Cubic between coarse knots shows its lattice; a finer, smooth sheet first, then linear.
        fine = cv2.resize(knots.astype(np.float32), None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
        fine = cv2.GaussianBlur(fine, (0, 0), 3.0)
        field = cv2.remap(fine, map_x * 8 + 3.5, map_y * 8 + 3.5, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return field.reshape(*self.u.shape, -1).astype(np.float32)


def steady(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """(T, 5, 2) points without the detector's jitter, zero phase: a fault must not shake where the face does not.

    Frames without a face, NaN, stay NaN and do not reach their neighbours.
    """
    known = np.isfinite(points).all(axis=(1, 2), keepdims=True)
    values = np.where(known, points, 0).astype(np.float64)
    weight = gaussian_filter1d(known.astype(np.float64), _POINT_SMOOTHING_FRAMES, axis=0, mode="nearest")
    smooth = gaussian_filter1d(values, _POINT_SMOOTHING_FRAMES, axis=0, mode="nearest")
    return np.where(known, smooth / np.maximum(weight, 1e-9), np.nan)


def face_frame(points: NDArray[np.float64], height: int, width: int) -> FaceFrame:
    """Lay face coordinates over a picture of that size by its five points (5, 2), order of `types.Face.points`."""
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    down = mouth - eyes
    drop = float(np.linalg.norm(down))
    across = float(np.linalg.norm(points[1] - points[0]))
    # A turned face shortens the distance between the eyes, a raised one that to the mouth: trust the longer.
    unit = max(across, 0.95 * drop, 1.0)
    down = down / drop if drop > 0 else np.array([0.0, 1.0])
    right = np.array([down[1], -down[0]])
    centre = (eyes + mouth) / 2
    landmarks = np.stack([(points - centre) @ right, (points - centre) @ down], -1) / unit
    low = np.floor(centre - REACH * unit).astype(int)
    high = np.ceil(centre + REACH * unit).astype(int) + 1
    x0, y0 = (int(np.clip(low[k], 0, limit)) for k, limit in ((0, width), (1, height)))
    x1, y1 = (int(np.clip(high[k], 0, limit)) for k, limit in ((0, width), (1, height)))
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float64)
    u = ((x - centre[0]) * right[0] + (y - centre[1]) * right[1]) / unit
    v = ((x - centre[0]) * down[0] + (y - centre[1]) * down[1]) / unit
    return FaceFrame(
        slice(y0, y1), slice(x0, x1), u.astype(np.float32), v.astype(np.float32), centre, unit, right, down,
        landmarks, _region(u, v, landmarks),
    )  # fmt: skip


def _region(u: NDArray[np.float64], v: NDArray[np.float64], landmarks: NDArray[np.float64]) -> Field:
    """An oval, moved against the nose: the nearer cheek of a turned face takes more of the picture."""
    sideways = landmarks[2, 0] - (landmarks[:2, 0].mean() + landmarks[3:, 0].mean()) / 2
    u = u + 0.55 * np.clip(sideways, -0.6, 0.6)
    radius = np.sqrt((u / _HALF_WIDTH) ** 2 + (v / np.where(v < 0, _UPPER, _LOWER)) ** 2)
    t = np.clip((1.0 - radius) / 0.22, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)
