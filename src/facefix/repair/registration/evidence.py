"""What the picture says of where a mesh should lie: optical flow from sound frames, laid on the mesh, to the frame itself.

Where nothing is damaged - hair, ears, brow, the other cheek - the flow is how far the mesh is off; where something is, it is
the damage. Which is which is left to `network`. Nothing here knows colours or people, only how far things lie from where a
mesh has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.repair import placing

Floats = NDArray[np.float32]
Grey = NDArray[np.uint8]

SIDE_PX = 192
"""Side of the crops that are compared."""
GRID = 48
"""Cells along a side of what is said of them."""
FLOW_UNIT = 25.0
"""Flows are told in 1 / 25 of the eye distance."""
_TEXTURE = 60.0
"""Squared gradient, grey levels, at which texture counts half."""
_STEEP = 400.0
"""Beyond it a gradient counts no more: edges say where they are, not how surely."""
_BLOCK_PX = 7
_LEVELS = 32.0
"""Grey levels of difference that count as 1."""
_OUTER_CORNERS = (33, 263)

PER_KEY, PER_FRAME = 6, 8
"""Numbers a cell. Of a sound frame: flow x, y, how far there and back do not meet, texture, difference in grey, how well the
place is seen there. Of the frame: how far it was moved x, y; where on a face it is x, y, z, if on the mesh; grey; detail."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A face in a frame, small and grey."""

    grey: Grey
    """(SIDE_PX, SIDE_PX)."""
    mesh: Floats
    """(478, 3) in its pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Of one frame."""

    keys: Floats
    """(K, PER_KEY, GRID, GRID) of each sound frame it was compared with."""
    frame: Floats
    """(PER_FRAME, GRID, GRID)."""
    unit: float
    """Pixels of the crop that 1 of a flow stands for."""


class Witness:
    """Compares views; keeps nothing of them."""

    def __init__(self, triangles: NDArray[np.int32], usual: Floats) -> None:
        """triangles: of the mesh. usual: (478, 3) a face unturned, in eye distances: tells places on it apart."""
        self._triangles = triangles
        self._places = np.concatenate([usual[triangles].mean(1), np.zeros((1, 3), np.float32)]).astype(np.float32)

    def look(self, seen: View, wanted: Floats, keys: Sequence[View]) -> Evidence:
        """
        Args:
            seen: the frame, its mesh as measured.
            wanted: (478, 3) where its mesh is thought to belong, same pixels.
            keys: sound frames of the same face, most alike first.
        """
        unit = eye_distance(wanted) / FLOW_UNIT
        drawn = placing.drawn(wanted, self._triangles, SIDE_PX)
        moved, _ = placing.source_map(wanted, seen.mesh, self._triangles, SIDE_PX, drawn)
        at = placing.places(SIDE_PX)
        shift = pooled((moved - at) / unit)
        place = pooled(self._places[drawn])
        on_mesh = pooled((drawn >= 0).astype(np.float32))
        frame = np.stack([*np.moveaxis(shift, -1, 0), *np.moveaxis(place, -1, 0), on_mesh, *tone(seen.grey)])
        told = [self._compared(seen.grey, wanted, key, drawn, unit) for key in keys]
        return Evidence(np.stack(told), frame.astype(np.float32), unit)

    def _compared(self, grey: Grey, wanted: Floats, key: View, drawn: placing.Seen, unit: float) -> Floats:
        where, known = placing.source_map(wanted, key.mesh, self._triangles, SIDE_PX, drawn)
        laid = _fetched(key.grey, placing.enlarged(where, SIDE_PX))
        inside = np.clip((SIDE_PX / 2 - np.abs(where - (SIDE_PX - 1) / 2).max(-1)) / 3, 0, 1)
        return np.stack([*met(laid, grey, unit)[0], pooled(known * inside)]).astype(np.float32)


def met(laid: Grey, grey: Grey, unit: float) -> tuple[Floats, Floats]:
    """What optical flow says of where `laid` (SIDE_PX, SIDE_PX) lies in `grey`: (5, GRID, GRID) flow x, y, how far there and
    back do not meet, in units of so many pixels, texture, difference in grey; and (SIDE_PX, SIDE_PX, 2) where it lies."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    there, back = flow.calc(laid, grey, None), flow.calc(grey, laid, None)  # pyright: ignore[reportCallIssue, reportArgumentType]
    pixel = np.arange(SIDE_PX, dtype=np.float32)
    reached = there.copy()
    reached[..., 0] += pixel
    reached[..., 1] += pixel[:, None]
    missed = np.asarray(np.linalg.norm(there + _fetched(back, reached), axis=-1), np.float32)
    difference = cv2.absdiff(_fetched(grey, reached), laid).astype(np.float32)
    flows = np.moveaxis(pooled(there / unit), -1, 0)
    cells = np.stack([*flows, pooled(missed / unit), pooled(_texture(laid)), pooled(difference / _LEVELS)])
    return cells.astype(np.float32), reached


def tone(grey: Grey) -> Floats:
    """(2, GRID, GRID) how light it is, and how much detail it has."""
    picture = grey.astype(np.float32)
    detail = np.abs(picture - cv2.GaussianBlur(picture, (0, 0), 2.0), dtype=np.float32)
    return np.stack([pooled(picture) / 128 - 1, pooled(detail) / 8]).astype(np.float32)


def eye_distance(mesh: Floats) -> float:
    """Of the outer corners of a mesh (478, 3), pixels of the picture."""
    first, second = mesh[_OUTER_CORNERS, :2]
    return float(np.linalg.norm(first - second))


def _fetched(picture: NDArray[Any], where: Floats) -> NDArray[Any]:
    """(S, S, ...) whose every pixel is fetched from `where` (S, S, 2), x and y."""
    # In one map of x and y OpenCV 5.0 reads nonsense when it interpolates linearly.
    return cv2.remap(picture, where[..., 0].copy(), where[..., 1].copy(), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _texture(grey: Grey) -> Floats:
    """(SIDE_PX, SIDE_PX) 0..1: how surely a place can be found again."""
    picture = grey.astype(np.float32)
    across, down = (cv2.Sobel(picture, cv2.CV_32F, dx, dy) / 8 for dx, dy in ((1, 0), (0, 1)))
    energy = cv2.blur(np.minimum(across**2, _STEEP) + np.minimum(down**2, _STEEP), (_BLOCK_PX, _BLOCK_PX))
    return np.asarray(energy / (energy + _TEXTURE), np.float32)


def pooled(picture: Floats) -> Floats:
    """(GRID, GRID, ...) means of cells."""
    return np.asarray(cv2.resize(picture, (GRID, GRID), interpolation=cv2.INTER_AREA), np.float32)
