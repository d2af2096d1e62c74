"""What every cure promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from numpy import float32, int32
from numpy.typing import NDArray

from facefix.repair.flickering import Flickers
from facefix.repair.restorers.anchored import AnchoredRestorer
from facefix.repair.restorers.rounds import Rounds


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A face as it is seen in one frame, or as it has been treated so far."""

    frame: int
    pixels: NDArray[float32]
    """(S, S, 3) RGB 0..1."""
    mesh: NDArray[float32]
    """(478, 3) crop pixels: where its points lie in these pixels."""


Treated = tuple[int, NDArray[float32]]
"""A frame and its crop (S, S, 3), RGB 0..1, at full strength of the cure."""


class Cure(Protocol):
    """Treats the crops of one track as they stream by. Built anew for every stretch of treated frames."""

    def push(self, sight: Sight, wanted: bool = True) -> list[Treated]:
        """Take the next frame, give those frames whose look-ahead is complete.

        wanted: False where the result will not be used, so that the work can be saved.
        """
        ...

    def flush(self) -> list[Treated]:
        """Give the frames still held back."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """What a cure may know of the track it treats."""

    restorer: Rounds
    """Redraws detail from the crop alone."""
    anchored: AnchoredRestorer | None
    """Rebuilds a crop from anchors; None where no cure needs it."""
    anchors: tuple[Sight, ...]
    """This face at its best, best first; may be empty."""
    usual: NDArray[float32]
    """(478, 3) crop pixels: the track's median mesh, the common ground of its frames."""
    triangles: NDArray[int32]
    """(T, 3) of the mesh's points, clockwise on the screen where they face the viewer."""
    source_px: float
    """Source pixels a crop's side spans: the track's median."""
    fps: float
    points: NDArray[float32]
    """(5, 2) crop pixels: the five points of the face that `usual` shows, order of `types.Face.points`."""
    side: int
    """Of its crops, px."""
    around: tuple[Sight, ...] = ()
    """The same face in sound frames near those that are treated, good or not: pose, light and hair are most alike there."""
    flickers: Mapping[int, Flickers] = field(default_factory=dict)
    """Frame -> how far each part of its picture flickers; in full where nothing is said."""
    references: tuple[Sight, ...] = ()
    """Pictures of the person from elsewhere, as far as they are to count: their light and grain are others. May be empty."""


@dataclass(frozen=True, slots=True)
class CureSpec:
    """A registered cure; it treats the failure mode of the same name."""

    name: str
    describe: str
    look_ahead: Callable[[float], int]
    """Frames that are looked at around one, for a frame rate; so long is a crop held back."""
    eyes: float
    mouth: float
    """Shares of the strength that eyes and mouth get."""
    start: Callable[[Patient], Cure]
    behind: Callable[[Patient], int] = lambda patient: 0
    """Frames that a crop is held back beyond that."""
    full_at: float = 1.0
    """Strength from which on the cure's result is taken in full."""
    rebuilds: bool = False
    """Whether it rebuilds faces from sound frames, and so wants these and the network."""
    firm: bool = False
    """Taken in full nearly to the edge of the face: what it gives goes with what is around."""
