"""Faces through time: `Sightings` remembers what pass 1 sees and tells the tracks at the end.

Only numbers are kept, never a picture; so identity is measured while the frame is there, on a schedule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from numpy import float32
from numpy.typing import NDArray

from facefix.faces.association import apart, confusable, size_px
from facefix.faces.identity import Identity
from facefix.faces.linking import link
from facefix.faces.smoothing import smooth
from facefix.types import Face, Pixels, Shot, Track

__all__ = ["Embedder", "Sightings", "link", "smooth"]

EVERY_S = 0.25
"""Seconds between two embeddings of one face."""
CROWDED_SHARE = 0.4
"""Part of that time while another face is near, where embeddings decide who is who."""
CROWDED = 2.0
"""Faces of like size nearer than this many face sizes count as near: early enough to embed both before they meet."""
GAP_S = 0.5
"""Longest time a face may be missing and be filled in."""
GOOD_SCORE = 0.6
PER_FRAME = 2
"""Most embeddings in one frame, so that a crowd does not stall the pass; the longest overdue go first."""


class Embedder(Protocol):
    """What `identity.Identity` does for this class."""

    def of(self, rgb: Pixels, face: Face) -> NDArray[float32] | None: ...


@dataclass(slots=True, eq=False)
class _Seen:
    """A face of the latest frames, and when its identity was last measured."""

    face: Face
    embedded: int | None = None


class Sightings:
    """Keeps every detection, and measures identity on a schedule while the frame is still in memory."""

    def __init__(self, rate: float, embedder: Embedder | None = None) -> None:
        """rate: about how many frames a second has. embedder: by default dlib's network, read with the first face.

        `push` may then raise ModelError, where the network's file is missing.
        """
        self._rate = float(rate)
        self._every = max(1, round(self._rate * EVERY_S))
        self._gap = max(1, round(self._rate * GAP_S))
        self._embedder = embedder
        self._frames: list[list[Face]] = []
        self._seen: list[_Seen] = []

    def push(self, index: int, rgb: Pixels, faces: Iterable[Face]) -> None:
        """The faces of the next frame, with its picture (of which nothing is kept). Frames come in order."""
        before = [seen for seen in self._seen if index - seen.face.frame <= self._gap]
        current = [_recognise(face, before) for face in faces]
        for seen in self._due(index, current):
            self._embedder = self._embedder or Identity()
            identity = self._embedder.of(rgb, seen.face)
            if identity is not None:
                seen.face = replace(seen.face, identity=identity)
                seen.embedded = index
        self._frames.append([seen.face for seen in current])
        self._seen = current + before

    def tracks(self, shots: Sequence[Shot]) -> tuple[Track, ...]:
        """Everything pushed so far as tracks: linked, gaps filled, spurious ones dropped, smoothed."""
        return tuple(smooth(track, self._rate) for track in link(self._frames, shots, self._gap))

    def _due(self, index: int, current: list[_Seen]) -> list[_Seen]:
        """The faces to embed in this frame, longest overdue first."""
        due = []
        for seen in current:
            if seen.face.score < GOOD_SCORE:
                continue
            near = any(other is not seen and confusable(seen.face, other.face, CROWDED) for other in current)
            every = max(1, round(self._every * CROWDED_SHARE)) if near else self._every
            waited = index - seen.embedded if seen.embedded is not None else 10 * self._every
            if waited >= every:
                due.append((waited / every, size_px(seen.face), seen))
        due.sort(key=lambda item: item[:2], reverse=True)
        return [seen for *_, seen in due[:PER_FRAME]]


def _recognise(face: Face, before: list[_Seen]) -> _Seen:
    """The face with the history of the nearest one of the latest frames, which is taken out of `before`.

    A guess, good enough for a schedule: who is who is settled once the whole shot is known.
    """
    nearest = min(before, key=lambda seen: apart(seen.face, face), default=None)
    if nearest is None or apart(nearest.face, face) > 1.0:
        return _Seen(face)
    before.remove(nearest)
    return _Seen(face, nearest.embedded)
