"""Where a face's points belong: one fault after the other is taken out of its meshes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.faces.mesh.movement import MODES
from facefix.faces.mesh.steadying import shaking, steadied
from facefix.faces.mesh.straightening import Bent, Portrayed, Straightener
from facefix.pipeline.holding import held
from facefix.pipeline.preparing import Curves, Known
from facefix.pipeline.profiling import clocked
from facefix.plan import PlannedTrack, Treatment, unsound_in
from facefix.repair.shake.reading import ShakeReader
from facefix.repair.strength import MOVED_AT
from facefix.types import Span


@dataclass(frozen=True, slots=True, eq=False)
class Straightening:
    """What it takes."""

    straightener: Straightener
    shakes: ShakeReader | None
    """None where no head is to be held still."""
    rate: float
    """Frames per second."""


def straightened(
    tools: Straightening, known: Known, track: PlannedTrack, treatments: Sequence[Treatment], curves: Curves
) -> Known:
    """The same with one fault after the other taken out of the meshes, each as far as its strength goes.

    Args:
        treatments: the track's own.
        curves: the strength of each mode over the track.
    """
    span, wanted = known.span, known.meshes
    sound = ~unsound_in(span, track, treatments)
    for mode in MODES:
        for treatment in (t for t in treatments if t.mode == mode):
            inside = Span(max(0, treatment.span.start - span.start), min(len(wanted), treatment.span.end - span.start))
            # A warp or flicker comes and goes: the frames around it know better than any picture what is usual here.
            portrayed = _portrayed(known) if mode == "drift" else None
            bent = Bent(mode, inside, treatment.severity, treatment.steady)
            with clocked("straightening"):
                straight = tools.straightener.straighten(wanted, bent, sound, tools.rate, portrayed)
            if mode == "flicker":
                straight = _still(tools, known, track, bent, sound, (wanted, straight))
            share = np.clip(curves[mode][span.start - track.span.start :][: len(wanted)] / MOVED_AT, 0, 1)
            wanted = np.asarray(wanted + share[:, None, None] * (straight - wanted), np.float32)
    return replace(known, wanted=wanted)


def _still(
    tools: Straightening,
    known: Known,
    track: PlannedTrack,
    bent: Bent,
    sound: NDArray[np.bool_],
    meshes: tuple[NDArray[float32], NDArray[float32]],
) -> NDArray[float32]:
    """The straightened meshes of a face that flickers, its head no longer shaken, as far as features boil at all.

    meshes: before straightening, and after.
    """
    before, straight = meshes
    boiling = shaking(before, bent.span, sound, bent.severity)
    if tools.shakes is not None and boiling > 0:
        straight = held(tools.shakes, known, track, straight, bent, sound)
    return np.asarray(before + boiling * (steadied(straight, bent.span, sound, bent.severity) - before), float32)


def _portrayed(known: Known) -> Portrayed | None:
    return None if known.reference is None else Portrayed(known.reference.shapes, known.reference.strength)
