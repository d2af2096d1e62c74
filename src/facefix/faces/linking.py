"""One track per face and shot from the detections of a whole clip. Nothing ever joins across a cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.interpolate import PchipInterpolator

from facefix.faces.association import Tracklet, associate
from facefix.faces.pose import misfit
from facefix.types import Face, Shot, Track

MAX_MISFIT = 0.25
"""Of a track's median sighting (see `pose.misfit`): five points that no head has are a texture's."""


def link(
    detections: Iterable[Sequence[Face]],
    shots: Sequence[Shot],
    max_gap: int,
    min_length: int = 5,
    min_score: float = 0.5,
) -> list[Track]:
    """One track per face and shot, gaps filled, not smoothed; ids count from 0 by first frame, then left to right.

    detections: the faces of each frame, in any order (`Face.frame` says where they belong). shots: in frame order;
    faces outside every shot are ignored. max_gap: frames a face may be missing (half a second of the clip) and be
    filled in with score 0 and no identity. min_length: fewest sightings of a track (half of a shot that is shorter than
    twice that). min_score: least mean score of a track's better half, below which it is taken for a texture that looks
    like a face: on 59 clips the spurious ones had at most 0.48, the dimmest true one 0.54.
    """
    found = [face for faces in detections for face in faces]
    kept: list[tuple[Shot, list[Face]]] = []
    for shot in shots:
        inside = [face for face in found if face.frame in shot.span]
        wanted = min(min_length, max(1, len(shot.span) // 2))
        persons = [p for p in associate(inside, max_gap) if len(p) >= wanted and convincing(p, min_score)]
        kept += [(shot, fill(person)) for person in _without_shadows(persons)]
    kept.sort(key=lambda item: (item[1][0].frame, float(item[1][0].box[0])))
    return [Track(id=i, shot=shot.index, faces=tuple(faces)) for i, (shot, faces) in enumerate(kept)]


def fill(sightings: Sequence[Face]) -> list[Face]:
    """The same faces and every frame between them, score 0 where filled.

    Box and points follow a monotone cubic (PCHIP) through the sightings, which does not overshoot.
    """
    frames = [face.frame for face in sightings]
    missing = sorted(set(range(frames[0], frames[-1] + 1)).difference(frames))
    if not missing:
        return list(sightings)
    values = np.stack([np.concatenate([face.box, face.points.ravel()]) for face in sightings]).astype(np.float64)
    between = PchipInterpolator(frames, values)(missing).astype(np.float32)
    filled = [Face(frame, v[:4], v[4:].reshape(5, 2), 0.0) for frame, v in zip(missing, between, strict=True)]
    return sorted([*sightings, *filled], key=lambda face: face.frame)


def convincing(sightings: Tracklet, min_score: float) -> bool:
    """Whether the sightings are scored well enough on average and lie as a head's five points lie."""
    scores = np.sort([face.score for face in sightings])
    if scores[len(scores) // 2 :].mean() < min_score:
        return False
    return float(np.median([misfit(face.points) for face in sightings[:: max(1, len(sightings) // 9)]])) < MAX_MISFIT


def _without_shadows(persons: list[Tracklet]) -> list[Tracklet]:
    """Less those that lie, most of their time, inside a longer one's box: a second answer to the same face."""
    return [p for p in persons if not any(len(q) > len(p) and _inside(p, q) for q in persons)]


def _inside(inner: Tracklet, outer: Tracklet) -> bool:
    boxes = {face.frame: face.box for face in outer}
    shares = []
    for face in inner:
        other = boxes.get(face.frame)
        if other is None:
            shares.append(0.0)
            continue
        shared = np.clip(np.minimum(face.box[2:], other[2:]) - np.maximum(face.box[:2], other[:2]), 0, None).prod()
        shares.append(float(shared / max(1e-6, (face.box[2:] - face.box[:2]).prod())))
    return float(np.median(shares)) > 0.7
