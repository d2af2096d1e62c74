"""Where a repair may touch the aligned crop: the face from brow to chin, and eyes and mouth apart.

Coordinates are the face's own: origin midway between the eyes' and the mouth's midpoints, v down the face, u across
it, one unit the distance between the eyes of a frontal face. The eyes lie near (+-0.5, -0.5), the mouth near
(0, 0.5), brows near v = -0.85, the chin near v = 1.25.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy import float32, uint8
from numpy.typing import NDArray

_HALF_WIDTH, _ABOVE, _BELOW = 1.06, 1.30, 1.24
"""Half axes of the face's oval in units: cheek, forehead (just above the brows' arch), chin."""
_FEATHER = 0.30
"""Width of the oval's soft edge, as a share of its radius."""
_FIRM = 0.3
"""Weight of the face from which on it counts in full for `FaceMask.firm`."""
_TURN = 0.55
"""How far the oval moves against the nose as the head turns: the nearer cheek takes more of the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceMask:
    """Weights over an aligned crop, each (S, S) float32 in 0..1 with a smooth edge."""

    face: NDArray[float32]
    """1 on the face, exactly 0 outside its oval and on the crop's border."""
    eyes: NDArray[float32]
    """1 on eyes and lids, 0 elsewhere."""
    mouth: NDArray[float32]
    """1 on the lips and what is between them, 0 elsewhere."""

    @property
    def firm(self) -> NDArray[float32]:
        """As `face`, nearly to its edge: with it alone a jaw or a forehead would be brought back by half."""
        return np.minimum(self.face * np.float32(1 / _FIRM), 1)

    def narrowed(self, share: NDArray[uint8]) -> FaceMask:
        """The same where only a share (P, P), 0..255, of the face is shown: what covers it has weight 0."""
        side = self.face.shape[0]
        kept = cv2.resize(share, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.float32)
        return replace(self, face=np.asarray(self.face * (kept * np.float32(1 / 255)), np.float32))

    def weighted(self, eyes: float, mouth: float, firm: bool = False) -> NDArray[float32]:
        """The face's weight, firm or not, with the eyes and the mouth turned down to those shares (0..1)."""
        return (self.firm if firm else self.face) * self.features(eyes, mouth)

    def features(self, eyes: float, mouth: float) -> NDArray[float32]:
        """(S, S) those shares on the eyes and the mouth, 1 elsewhere, face or not."""
        return (1 - (1 - float32(eyes)) * self.eyes) * (1 - (1 - float32(mouth)) * self.mouth)


def face_mask(points: NDArray[float32], side_px: int) -> FaceMask:
    """The weights for a crop of `side_px`, from the face's five points (5, 2) in *crop* pixels.

    Points in the order of `types.Face.points`. For a frontal face they are the template's; a turned face moves them,
    and the oval with them.
    """
    marked = points.astype(np.float64)
    eyes, mouth = marked[:2].mean(0), marked[3:].mean(0)
    down = mouth - eyes
    drop = float(np.hypot(*down))
    # A turned face shortens the distance between the eyes, a raised one that to the mouth: trust the longer.
    unit = max(float(np.hypot(*(marked[1] - marked[0]))), 0.95 * drop, 1e-3)
    down = down / drop if drop > 0 else np.array([0.0, 1.0])
    axes = np.stack([[down[1], -down[0]], down])
    centre = (eyes + mouth) / 2
    marks = (marked - centre) @ axes.T / unit
    # One row and one column, added by broadcasting, in single precision: this is made anew for every frame.
    x, y = (np.arange(side_px) - centre[:, None]) / unit
    u, v = ((x * axis[0]).astype(np.float32) + (y * axis[1]).astype(np.float32)[:, None] for axis in axes)
    sideways = marks[2, 0] - (marks[:2, 0].mean() + marks[3:, 0].mean()) / 2
    shifted = u + float(_TURN * np.clip(sideways, -0.6, 0.6))
    heights = np.where(v < 0, 1 / _ABOVE, 1 / _BELOW).astype(np.float32)
    face = _falling(shifted * (1 / _HALF_WIDTH), v * heights, _FEATHER)
    face[[0, -1], :] = face[:, [0, -1]] = 0
    eye_weights = [_spot(u, v, mark, 0.34, 0.24) for mark in marks[:2]]
    lips = _spot(u, v, marks[3:].mean(0), 0.30 + float(abs(marks[4, 0] - marks[3, 0])) / 2, 0.38)
    return FaceMask(face, np.maximum(*eye_weights), lips)


def _spot(
    u: NDArray[float32], v: NDArray[float32], mark: NDArray[np.float64], half_width: float, half_height: float
) -> NDArray[float32]:
    across, down = (u - float(mark[0])) * (1 / half_width), (v - float(mark[1])) * (1 / half_height)
    return _falling(across, down, 0.4)


def _falling(across: NDArray[float32], down: NDArray[float32], feather: float) -> NDArray[float32]:
    """1 inside the unit circle, 0 outside, with a continuous slope over `feather` of its radius."""
    # np.hypot guards against overflow, which crops do not know, and takes five times as long.
    t = np.clip((1 - np.sqrt(across * across + down * down)) * (1 / feather), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), float32)
