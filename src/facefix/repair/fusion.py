"""Temporal fusion of a face on its mesh: every piece of skin is followed through the frames around.

Each frame is unrolled onto the track's usual mesh, where the same piece of skin always lies at the same place; there a line is
fitted to every pixel's path through time (local regression, Cleveland 1979), so that a steady change survives and what is
new in every frame does not. The difference goes back the same way: unrolling blurs, and only the difference is blurred.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy import float32, int32
from numpy.typing import NDArray

from facefix.repair import placing

_REACH = 0.6
"""Standard deviation of the weights in time, in radii."""


@dataclass(frozen=True, slots=True, eq=False)
class Fused:
    """What fusion gives for one frame."""

    frame: int
    values: NDArray[float32]
    """(S, S, C), as pushed."""


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    frame: int
    values: NDArray[float32]
    mesh: NDArray[float32]
    unrolled: NDArray[float32]
    wanted: bool


class Fuser:
    """Fuses a track as it streams by. One per stretch of frames; holds 2 * radius + 1 of them at most."""

    def __init__(self, usual: NDArray[float32], triangles: NDArray[int32], radius: int) -> None:
        """usual: (478, 3) crop pixels, the mesh that frames are unrolled onto. radius: frames looked at on either side."""
        self._usual, self._triangles, self.radius = usual, triangles, radius
        self._held: deque[_Held] = deque()
        self._next = 0
        """Index into `_held` of the next frame to be given out."""

    def push(self, frame: int, values: NDArray[float32], mesh: NDArray[float32], wanted: bool = True) -> list[Fused]:
        """Take the next frame of the track, give those whose look-ahead is now complete (at most one).

        values: (S, S, C) what is to be fused: the crop itself, or a residual. mesh: (478, 3) where the face's points lie in
        it. wanted: False for a frame that only serves as a neighbour: it is given back as it came. Frames must follow one
        another without gaps; at a cut or a gap call `flush`.
        """
        if self._held and frame != self._held[-1].frame + 1:
            raise ValueError(f"frame {frame} does not follow frame {self._held[-1].frame}; flush first")
        self._held.append(_Held(frame, values, mesh, self._carried(values, mesh, self._usual)[0], wanted))
        return [self._give()] if len(self._held) - self._next > self.radius else []

    def flush(self) -> list[Fused]:
        """Give the frames still held back, their windows cut off at the end."""
        fused = []
        while self._next < len(self._held):
            fused.append(self._give())
        self._held.clear()
        self._next = 0
        return fused

    def _give(self) -> Fused:
        centre = self._held[self._next]
        values = centre.values
        if centre.wanted:
            first, last = max(0, self._next - self.radius), min(len(self._held), self._next + self.radius + 1)
            shares = line(np.arange(first, last) - self._next, self.radius)
            change = -centre.unrolled
            for share, held in zip(shares, list(self._held)[first:last], strict=True):
                change += share * held.unrolled
            back, known = self._carried(change, self._usual, centre.mesh)
            values = values + back * np.clip(known, 0, 1)[..., None]
        self._next += 1
        if self._next > self.radius:
            self._held.popleft()
            self._next -= 1
        return Fused(centre.frame, values)

    def _carried(
        self, values: NDArray[float32], mesh: NDArray[float32], wanted: NDArray[float32]
    ) -> tuple[NDArray[float32], NDArray[float32]]:
        """Values (S, S, C) whose face has that mesh, brought to where the other has its points; and how surely (S, S)."""
        side = values.shape[0]
        where, known = placing.source_map(wanted, mesh, self._triangles, side)
        full = placing.enlarged(where, side)
        moved = cv2.remap(values, full[..., 0], full[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        sure = cv2.resize(known / placing.HOLE, (side, side), interpolation=cv2.INTER_LINEAR)
        return np.asarray(moved, np.float32).reshape(values.shape), np.asarray(sure, np.float32)


def line(offsets: NDArray[np.int_], radius: int) -> NDArray[float32]:
    """(K,) weights whose sum with values at `offsets` is the value at 0 of the line fitted to them."""
    t = offsets / radius
    weights = np.exp(-0.5 * (t / _REACH) ** 2)
    moments = [float((weights * t**n).sum()) for n in range(3)]
    determinant = moments[0] * moments[2] - moments[1] ** 2
    if determinant < 1e-9:
        return (weights / moments[0]).astype(np.float32)
    return (weights * (moments[2] - moments[1] * t) / determinant).astype(np.float32)
