"""Every face beside other frames of its shot: what the judge says of it, while the frames are in memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.diagnose.judge.judging import JUDGED, SIDE_PX, Judge
from facefix.faces import align
from facefix.faces.mesh import placing, topology
from facefix.types import Crop, Placed

SMALLEST_PX = 40
"""Faces smaller than this show too little to be compared."""
_RATE = 12.0
"""Faces judged per second: faults last four frames and more."""
_APART_S, _REACH_S = 0.65, 2.0
"""How far from a frame those around it are looked for: beyond most warps, before the light has changed."""
_EARLY_S = 2.0
"""Frames that drift is measured against: those from the track's beginning."""
_BANK = 10
_SHOWN = 3
_BATCH = 8
_NEAR, _EARLY = "near", "early"


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """One frame's face, kept while others may be compared with it."""

    index: int
    """Frames since the track's first."""
    pixels: NDArray[np.uint8]
    """(SIDE_PX, SIDE_PX, 3) RGB."""
    mesh: NDArray[float32]
    """(478, 3) crop pixels."""

    def placed(self, on: _Seen) -> Placed:
        return placing.place(self.picture, self.mesh, on.mesh, topology.TRIANGLES)

    @property
    def picture(self) -> NDArray[float32]:
        """0..1."""
        return np.divide(self.pixels, 255, dtype=float32)


class Comparison:
    """One track beside itself: with frames around each one (`near_*`), and with its first seconds (`early_*`).

    Memory does not grow with the track: a ring of small crops reaches as far as `_REACH_S`.
    """

    def __init__(self, judge: Judge, rate: float) -> None:
        self._judge = judge
        self._step = max(1, round(rate / _RATE))
        self._apart, self._reach = (round(s * rate / self._step) * self._step for s in (_APART_S, _REACH_S))
        self._bank_frames = round(_EARLY_S * rate)
        self._ring: deque[_Seen] = deque()
        self._bank: list[_Seen] = []
        self._waiting: deque[int] = deque()
        self._told: dict[str, dict[int, NDArray[float32]]] = {_NEAR: {}, _EARLY: {}}
        self._queue: list[tuple[str, _Seen, list[_Seen]]] = []
        self._length = 0

    def push(self, crop: Crop, mesh: NDArray[float32] | None, face_px: float) -> None:
        """The track's next frame.

        Args:
            mesh: (478, 3) in source pixels; None where there is no face to compare.
            face_px: the face's size in the source.
        """
        index = self._length
        self._length += 1
        if index % self._step or mesh is None or face_px < SMALLEST_PX:
            return
        small = cv2.resize(crop.pixels, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
        seen = _Seen(index, np.rint(small * 255).clip(0, 255).astype(np.uint8), _in_crop(mesh, crop))
        self._ring.append(seen)
        self._waiting.append(index)
        if index < self._bank_frames and (not self._bank or index - self._bank[-1].index >= self._bank_frames // _BANK):
            self._bank.append(seen)
        self._advance(last=False)

    def finish(self) -> dict[str, NDArray[float32]]:
        """`near_MODE` and `early_MODE` of every judged mode, each (frames,), NaN where nothing was compared."""
        self._advance(last=True)
        self._ask()
        return {
            f"{kind}_{mode}": _filled({i: float(row[k]) for i, row in told.items()}, self._length, self._step)
            for kind, told in self._told.items()
            for k, mode in enumerate(JUDGED)
        }

    def _advance(self, last: bool) -> None:
        """Compare the frames whose surroundings are known."""
        newest = self._ring[-1].index if self._ring else 0
        ready = max(self._reach, self._bank_frames)
        while self._waiting and (last or self._waiting[0] + self._reach <= newest) and (last or newest >= ready):
            self._compare(self._waiting.popleft())
        oldest = (self._waiting[0] if self._waiting else newest) - self._reach
        while self._ring and self._ring[0].index < oldest:
            self._ring.popleft()

    def _compare(self, index: int) -> None:
        face = next(seen for seen in self._ring if seen.index == index)
        for apart in (self._apart, self._apart // 2):
            around = [seen for seen in self._ring if apart <= abs(seen.index - index) <= self._reach]
            if around:
                break
        before, after = ([seen for seen in around if (seen.index > index) == later] for later in (False, True))
        # One of each side first: what goes on changing is between them.
        best = [*_alike(face, before)[:1], *_alike(face, after)[:1]]
        self._put(_NEAR, face, [*best, *(seen for seen in _alike(face, around) if seen not in best)][:_SHOWN])
        self._put(_EARLY, face, _alike(face, [seen for seen in self._bank if abs(seen.index - index) >= self._step]))

    def _put(self, kind: str, face: _Seen, others: list[_Seen]) -> None:
        if others:
            self._queue.append((kind, face, others))
        if len(self._queue) >= _BATCH:
            self._ask()

    def _ask(self) -> None:
        if not self._queue:
            return
        faces = np.stack([face.picture for _, face, _ in self._queue])
        placed = [[other.placed(face) for other in others] for _, face, others in self._queue]
        guides = [placing.guide([o.mesh for o in others], f.mesh, topology.TRIANGLES, SIDE_PX) for _, f, others in self._queue]
        told = self._judge.judge(faces, placed, np.stack(guides))
        for (kind, face, _), row in zip(self._queue, told, strict=True):
            self._told[kind][face.index] = row
        self._queue.clear()


def _alike(face: _Seen, others: list[_Seen]) -> list[_Seen]:
    """The few whose pose and expression are nearest: the less has to be explained, the less is put down to a fault."""

    def unlike(seen: _Seen) -> tuple[float, int]:
        return float(np.abs(seen.mesh[:, :2] - face.mesh[:, :2]).mean()), abs(seen.index - face.index)

    return sorted(others, key=unlike)[:_SHOWN]


def _in_crop(mesh: NDArray[float32], crop: Crop) -> NDArray[float32]:
    """(478, 3) source pixels -> pixels of the crop shrunk to SIDE_PX."""
    shrunk = SIDE_PX / crop.pixels.shape[0]
    places = (align.apply(crop.transform, mesh[:, :2]) + 0.5) * shrunk - 0.5
    depth = mesh[:, 2:] * (shrunk * float(np.hypot(crop.transform[0, 0], crop.transform[0, 1])))
    return np.concatenate([places, depth], 1).astype(float32)


def _filled(known: dict[int, float], length: int, step: int) -> NDArray[float32]:
    """(length,) straight lines between neighbours that were judged, NaN where there was a gap."""
    out = np.full(length, np.nan, float32)
    if not known:
        return out
    at = np.array(sorted(known))
    frames = np.arange(length)
    out[:] = np.interp(frames, at, [known[i] for i in at])
    nearest = np.abs(frames[:, None] - at[None]).min(1) if length * len(at) < 5_000_000 else np.zeros(length)
    out[nearest >= 2 * step] = np.nan
    return out
