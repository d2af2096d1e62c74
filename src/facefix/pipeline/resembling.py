"""Drift undone by who the person is: the face is reshaped until the identity network takes it for its character.

The mesh sees about half of what a drift does: inside its outlines eyes, nose and lips move on. So what the straightener says is
a beginning. Further fields of movement are tried on top of it: how far the character's own pictures, laid on the face's mesh,
lie beside what is there (dense optical flow, the median over frames and pictures), and the directions in which drift moves
faces most. How much of each is taken is a least-squares fit (Gauss-Newton) of the mean embedding of a few frames to that of the
character, each amount held back by its prior. All fields are low-dimensional and smooth; nothing is painted, pixels only move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.faces.identity import Identity
from facefix.faces.mesh import framing, shape, topology
from facefix.pipeline import trial
from facefix.pipeline.preparing import Curves, Known
from facefix.plan import PlannedTrack, Treatment
from facefix.repair import placing
from facefix.repair.cures import Sight
from facefix.repair.strength import MOVED_AT
from facefix.types import Crop

Floats = NDArray[np.float64]

FULL_AT = 0.75
"""Identity strength from which on the fit is taken in full; above it, amounts are held back less."""
_PRIOR = ((1.5, 1.0), (0.8, 0.7))
"""Mean and deviation of the amounts of the first two fields: of the mesh's change, which is known to fall short, and of the
flow's."""
_NOISE = 0.014
"""Spread, per number of an embedding, of a character's mean about that of the same person's sound frames: 0.16 in all."""
_OWN_ERROR, _ALONE_ERROR, _LEAST_ERROR = 0.7, 0.16, 0.1
"""How far the truth of a few frames lies from what is fitted to: as a share of the distance between the face's own sound frames
and the pictures, which says how much mood and light do (0.68, 0.70, 0.71 and 0.90 of it on four people); where there are no
such frames; and at best. Nearer than that nothing is to be gained."""
_CLEARLY = 1.25
"""Times that, from which on a face is fitted at all: below, in three of three cases, the fit went away from the truth; at 1.4
it made no difference."""
_ROUNDS = 3
_STEP = 0.5
"""Deviations by which an amount is changed to see what the network makes of it."""
_FARTHEST = 3.0
"""Deviations that one round may go."""
_SEEN = 0.3
"""Coverage from which on a picture says something of a place."""
_FLOW_PX = 256
_FLOW_FARTHEST = 0.12
"""Eye corner distances beyond which a flow is a mistake."""
_FLOW_REACH = 0.06
"""Sigma over which flows are evened out, in the same unit: wrinkles and stubble are not to be moved."""


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """One frame to fit on."""

    crop: Crop
    mesh: NDArray[float32]
    """(478, 3) crop pixels."""
    fields: NDArray[float32]
    """(F, 478, 3) crop pixels: where each field moves the points at amount 1."""

    def moved(self, amounts: Floats) -> Sight:
        wanted = np.asarray(self.mesh + np.tensordot(amounts, self.fields, 1), float32)
        everywhere = np.ones(self.crop.pixels.shape[:2], float32)
        pixels = placing.moved(self.crop.pixels, self.mesh, wanted, topology.TRIANGLES, everywhere)
        return Sight(self.crop.frame, pixels, wanted)


def resembled(
    judge: Identity,
    known: Known,
    track: PlannedTrack,
    treatments: Sequence[Treatment],
    curves: Curves,
    directions: NDArray[float32],
) -> Known:
    """The same with its face brought nearer to its character wherever it drifts; as it is where that does not help.

    Args:
        known: with its meshes straightened.
        treatments: the track's own.
        directions: (D, 478, 3) fields in which drift moves faces, unturned, in outer eye corner distances, each a deviation.
    """
    reference = known.reference
    if reference is None or reference.strength <= 0:
        return known
    # The face's own sound frames have this shot's light and mood, the pictures are surely the person: half and half.
    groups = [known.anchors, reference.sights] if known.anchors else [reference.sights]
    means = [trial.embedded(judge, group).mean(0) for group in groups]
    target = np.mean(means, axis=0)
    apart = _OWN_ERROR * float(np.linalg.norm(means[0] - means[-1])) if len(means) > 1 else _ALONE_ERROR
    for treatment in (t for t in treatments if t.mode == "drift"):
        frames = trial.sampled(treatment, known.samples)
        if not frames:
            continue
        still = np.concatenate([_flow(known, frames)[None], directions]).astype(float32)
        places = [_placed(known, frame, treatment, still) for frame in frames]
        amounts = _fitted(judge, places, target, max(_LEAST_ERROR, apart), reference.strength / FULL_AT)
        if amounts is not None:
            known = _applied(known, track, treatment, curves["drift"], still, amounts)
    return known


def _fitted(judge: Identity, places: Sequence[_Place], target: NDArray[float32], error: float, ease: float) -> Floats | None:
    """(F,) how much of each field; None where the face comes no nearer than the straightener alone has brought it.

    target: (128,) mean embedding of the person, known within `error`; nearer than that nothing is fitted (Morozov's
    discrepancy principle). ease: what the priors' deviations are multiplied by.
    """
    count = len(places[0].fields)
    usual = np.zeros(count)
    deviation = np.full(count, max(ease, 1e-3))
    for k, (mean, spread) in enumerate(_PRIOR):
        usual[k], deviation[k] = mean, spread * max(ease, 1e-3)

    def off(amounts: Floats) -> Floats:
        return (trial.embedded(judge, [place.moved(amounts) for place in places]).mean(0) - target).astype(np.float64)

    first = np.zeros(count)
    first[0] = 1.0
    straight = float(np.linalg.norm(off(first)))
    at, best = usual.copy(), (straight, first)
    for _ in range(_ROUNDS):
        here = off(at)
        best = min(best, (float(np.linalg.norm(here)), at.copy()), key=lambda one: one[0])
        steps = _STEP * deviation
        slopes = np.stack([(off(at + step * axis) - here) / step for step, axis in zip(steps, np.eye(count), strict=True)], 1)
        pull = np.diag(1 / deviation**2)
        gain = slopes.T @ slopes / _NOISE**2 + pull
        change = np.linalg.solve(gain, -slopes.T @ here / _NOISE**2 - pull @ (at - usual))
        at = at + np.clip(change, -_FARTHEST * deviation, _FARTHEST * deviation)
    near, best_amounts = min(best, (float(np.linalg.norm(off(at))), at), key=lambda one: one[0])
    if near >= straight or straight <= _CLEARLY * error:
        return None
    return first + min(1.0, (straight - error) / (straight - near)) * (best_amounts - first)


def _placed(known: Known, frame: int, treatment: Treatment, still: NDArray[float32]) -> _Place:
    crop = known.samples[frame]
    mesh, straight = (framing.through(crop.transform, m) for m in known.at(frame))
    fields = _turned(mesh, still) * _come(treatment, frame)
    return _Place(crop, mesh, np.concatenate([(straight - mesh)[None], fields]).astype(float32))


def _applied(
    known: Known, track: PlannedTrack, treatment: Treatment, curve: NDArray[float32], still: NDArray[float32], amounts: Floats
) -> Known:
    """The wanted meshes of the treatment's frames, and of those its ramps reach, as the fit says."""
    wanted = known.wanted.copy()
    share = min(1.0, known.reference.strength / FULL_AT) if known.reference else 0.0
    field = np.tensordot(amounts[1:], still, 1).astype(float32)[None]
    for frame in range(known.span.start, known.span.end):
        strength = share * min(1.0, float(curve[frame - track.span.start]) / MOVED_AT)
        if strength <= 0:
            continue
        mesh, straight = known.at(frame)
        extra = (amounts[0] - 1) * (straight - mesh) + _turned(mesh, field)[0] * _come(treatment, frame)
        wanted[frame - known.span.start] = straight + strength * extra
    return replace(known, wanted=wanted)


def _come(treatment: Treatment, frame: int) -> float:
    """How far the drift has come, as a share of its whole: as the straightener has it."""
    if treatment.steady:
        return 1.0
    done = (frame - treatment.span.start) / max(1, len(treatment.span) - 1)
    return float(np.sqrt(np.clip(done, 0, 1)))


def _turned(mesh: NDArray[float32], fields: NDArray[float32]) -> NDArray[float32]:
    """(F, 478, 3) of the mesh's pixels: unturned fields as they are seen on this face."""
    place = shape.load().place(mesh)
    return (place.scale * fields @ place.rotation.T).astype(float32)


def _flow(known: Known, frames: Sequence[int]) -> NDArray[float32]:
    """(478, 3) unturned, in eye corner distances: what moves the face's texture to where its best pictures have it."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    model, moves = shape.load(), []
    for frame in frames:
        crop = known.samples[frame]
        mesh = framing.through(crop.transform, known.at(frame)[0])
        place, now = model.place(mesh), _evened(crop.pixels)
        for one in known.best:
            laid = placing.place(one.pixels, one.mesh, mesh, topology.TRIANGLES)
            # From the picture to what is there; the way back is what is wanted.
            way = np.asarray(flow.calc(_evened(laid.pixels), now, _nothing(now)), float32)
            way = np.asarray(cv2.GaussianBlur(way, (0, 0), 3), float32)
            side = crop.pixels.shape[0]
            shift = -_at(way, mesh, side) * (side / _FLOW_PX)
            local = (np.pad(shift, ((0, 0), (0, 1))) @ place.rotation / place.scale).astype(float32)
            seen = (_at(laid.coverage, mesh, side) > _SEEN) & (np.linalg.norm(local, axis=1) < _FLOW_FARTHEST)
            moves.append(np.where(seen[:, None], local, np.nan))
    every = np.stack(moves)
    known_at = np.isfinite(every[..., 0]).any(0)
    middle = np.zeros(every.shape[1:])
    middle[known_at] = np.nanmedian(every[:, known_at], axis=0)
    apart = np.square(model.mean[:, None, :2] - model.mean[None, :, :2]).sum(-1)
    weight = np.exp(-apart / (2 * _FLOW_REACH**2))
    evened = weight @ middle / weight.sum(1, keepdims=True)
    evened[:, 2] = 0
    return evened.astype(float32)


def _nothing(now: NDArray[np.uint8]) -> NDArray[float32]:
    return np.zeros((*now.shape, 2), float32)


def _evened(pixels: NDArray[float32]) -> NDArray[np.uint8]:
    """(_FLOW_PX, _FLOW_PX) luma without light and contrast: pictures from elsewhere have others."""
    grey = cv2.cvtColor(np.clip(pixels, 0, 1).astype(float32), cv2.COLOR_RGB2GRAY)
    grey = np.asarray(cv2.resize(grey, (_FLOW_PX, _FLOW_PX), interpolation=cv2.INTER_AREA), float32)
    rest = grey - cv2.GaussianBlur(grey, (0, 0), 10)
    contrast = np.sqrt(cv2.GaussianBlur(rest**2, (0, 0), 10)) + 0.02
    return np.clip(128 + 50 * rest / contrast, 0, 255).astype(np.uint8)


def _at(picture: NDArray[float32], mesh: NDArray[float32], side: int) -> NDArray[float32]:
    """(478, ...) of a picture that shows all of a crop of `side` px, at a mesh's places (crop pixels)."""
    places = (mesh[None, :, :2] + 0.5) * (picture.shape[0] / side) - 0.5
    x, y = (np.ascontiguousarray(places[..., i], float32) for i in (0, 1))
    return np.asarray(cv2.remap(picture.astype(float32), x, y, cv2.INTER_LINEAR))[0]
