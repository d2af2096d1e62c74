"""A repair is tried on a few frames before it is rendered: what would make a face less like itself is left out.

Tried are the cures that rebuild a face, where it has anchors to be compared with; and wax's, where the restorer draws what it
does not see. Wax leaves a face who it is, so where all of it is waxy, and no frame an anchor, it is compared with itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.faces import identity
from facefix.faces.mesh import framing
from facefix.pipeline.preparing import Curves, Known
from facefix.plan import PlannedTrack, Treatment
from facefix.repair.cures import Patient, Sight
from facefix.repair.face import Course, FaceRepair
from facefix.types import Span

REBUILT = ("collapsed", "warp", "drift")
"""Modes whose cures rebuild a face from its anchors. Flicker's does so in part, and is not tried: who it is tells little of
light that flickers, which is most of it."""
REDRAWN = ("waxy",)
"""Modes whose cures ask the restorer."""
FRAMES = 5
"""Of each treatment, spread over its span."""
_TOLERATED = 0.005
"""Rise of the distance that is no harm: the network's own noise."""
_SELF = 0.3
"""Distance of a face from itself before it was redrawn, beyond which it is another. In 19 real faces with wax of severity 0.7,
what the truth has of detail would move it by 0.09 to 0.24, another person's by 0.48 to 0.89, none at all by 0.29 to 0.46."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A treatment that is left out."""

    treatment: Treatment
    before: float
    after: float
    """Mean distance of the face to its anchors, as it is and as it would be; without anchors to itself as it is."""

    @property
    def sentence(self) -> str:
        """For the user."""
        t = self.treatment
        what = "waxy skin" if t.mode in REDRAWN else f"the {t.mode}"
        return (
            f"Frames {t.span.start}-{t.span.end}: repairing {what} would make the face less like itself "
            f"(identity distance {self.after:.2f} instead of {self.before:.2f}); it is left as it is."
        )


def refused(
    judge: identity.Identity,
    track: PlannedTrack,
    treatments: Sequence[Treatment],
    known: Known,
    curves: Curves,
    patient: Patient,
) -> list[Refused]:
    """Those of the track's treatments that do harm. All that are given are tried."""
    comparable = (*patient.anchors, *patient.references)
    best = embedded(judge, comparable) if comparable else None
    found = []
    for treatment in treatments:
        if best is None and treatment.mode in REBUILT:
            continue
        sights = [_tried(frame, track, treatment.mode, known, curves, patient) for frame in sampled(treatment, known.samples)]
        if not sights:
            continue
        was, would_be = (embedded(judge, some) for some in zip(*sights, strict=True))
        if best is None:
            before, after, tolerated = 0.0, float(np.linalg.norm(would_be - was, axis=1).mean()), _SELF
        else:
            before, after, tolerated = distance(was, best), distance(would_be, best), _TOLERATED
        if after > before + tolerated:
            found.append(Refused(treatment, before, after))
    return found


def sampled(treatment: Treatment, frames: Iterable[int]) -> list[int]:
    """Frames of a treatment, at most `FRAMES`, from those there are; not those in which what grows has hardly begun."""
    begun = treatment.span.start + min(treatment.rises, len(treatment.span)) // 2
    inside = [frame for frame in frames if frame in treatment.span and frame >= begun]
    if not inside:
        return []
    places = np.unique(np.linspace(0, len(inside) - 1, FRAMES + 2).round().astype(int)[1:-1])
    return [inside[k] for k in places]


def embedded(judge: identity.Identity, sights: Sequence[Sight]) -> NDArray[float32]:
    """(N, 128) what the identity network makes of N faces, cut where their meshes lie."""
    chips = [identity.chip(np.clip(sight.pixels, 0, 1), framing.five_points(sight.mesh)) for sight in sights]
    return judge.embed(np.stack(chips))


def distance(faces: NDArray[float32], best: NDArray[float32]) -> float:
    """Mean distance of (N, 128) embeddings to (K, 128) others."""
    return float(np.linalg.norm(faces[:, None] - best[None], axis=-1).mean())


def _tried(frame: int, track: PlannedTrack, mode: str, known: Known, curves: Curves, patient: Patient) -> tuple[Sight, Sight]:
    """The face of a frame as it is and as that cure alone would leave it."""
    crop = known.samples[frame]
    mesh, wanted = (framing.through(crop.transform, m) for m in known.at(frame))
    at = frame - track.span.start
    repair = FaceRepair(Course(Span(frame, frame + 1), {mode: curves[mode][at : at + 1]}, patient, known.shown))
    patches = [*repair.push(crop, track.points[at], mesh, wanted), *repair.flush()]
    after = crop.pixels + sum((patch.residual for patch in patches), np.zeros(1, float32))
    return Sight(frame, crop.pixels, mesh), Sight(frame, after, wanted)
