"""Which detections of one shot are the same face. `associate` is the whole of it; see `linking` for what follows.

Frame by frame, detections join the tracklet whose motion predicts them. Where two faces come so close that motion may
have followed the wrong one, both tracklets are cut. Then the loose ends of the whole shot are joined at once, by
motion and by identity, also over gaps.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, groupby, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from facefix.types import Face

Tracklet = list[Face]
"""Sightings of one face, in frame order, gaps left open."""

NEVER = 1e6
"""Cost of a join that is out of the question."""
STEP_GATE = 0.9
"""Farthest a detection lies from where its tracklet predicts it, in face sizes per frame."""
STEP_GAP = 2
"""Frames a tracklet may miss in the first step; longer gaps wait for the global one."""
SCALE_GATE = 0.6
"""Largest change of log-size in a join: a factor of 1.8."""
CLOSE = 1.2
"""Faces nearer than this, in sizes of the smaller, may have been confused."""
JOIN_GATE = 2.5
"""Farthest a tracklet begins from where the other predicts it, in face sizes."""
LEAVE = 2.0
"""Cost of leaving a tracklet's end open: joins that cost more are not made."""
IDENTITY_WEIGHT, IDENTITY_SAME = 4.0, 0.3
"""Cost per unit of identity distance above that of two good pictures of one person. Never a reward: it would pay to skip a
piece without an embedding."""
CONTIGUOUS = 1.5
"""Most that identity costs where no time was missed: a face that warps is still the face that was there a frame ago."""
VELOCITY_SIGHTINGS = 6
"""Sightings at a tracklet's end that its velocity is measured over."""
IDENTITY_SIGHTINGS = 8
"""Embeddings nearest to a tracklet's end that stand for it: faces of generated clips drift."""


def associate(faces: Iterable[Face], max_gap: int) -> list[Tracklet]:
    """The faces of one shot as one list per person, in frame order. max_gap: frames a face may be missing."""
    return join(cut(tracklets(faces)), max_gap)


def centre(face: Face) -> NDArray[np.float64]:
    """(2,) middle of the box."""
    return (face.box[:2].astype(np.float64) + face.box[2:]) / 2


def size_px(face: Face) -> float:
    """Geometric mean of the box's width and height."""
    width, height = np.maximum(face.box[2:].astype(np.float64) - face.box[:2], 1.0)
    return float(np.sqrt(width * height))


def apart(a: Face, b: Face) -> float:
    """Distance of two faces' centres in sizes of the smaller."""
    return float(np.linalg.norm(centre(a) - centre(b))) / min(size_px(a), size_px(b))


def tracklets(faces: Iterable[Face]) -> list[Tracklet]:
    """Detections joined by motion alone, over at most `STEP_GAP` missing frames."""
    done: list[Tracklet] = []
    live: list[Tracklet] = []
    for frame, group in groupby(sorted(faces, key=lambda face: face.frame), key=lambda face: face.frame):
        seen = list(group)
        done += [t for t in live if frame - t[-1].frame > STEP_GAP + 1]
        live = [t for t in live if frame - t[-1].frame <= STEP_GAP + 1]
        cost = np.array([[_step_cost(t, face) for face in seen] for t in live]).reshape(len(live), len(seen))
        pairs = [(i, j) for i, j in zip(*linear_sum_assignment(cost), strict=True) if cost[i, j] < NEVER]
        for row, column in pairs:
            live[row].append(seen[column])
        taken = {column for _, column in pairs}
        live += [[face] for column, face in enumerate(seen) if column not in taken]
    return done + live


def cut(pieces: list[Tracklet]) -> list[Tracklet]:
    """The tracklets cut wherever two of them may have swapped faces.

    Two that run side by side are cut where they are nearest, once per encounter. One that begins or ends (other than
    with the shot) beside another that goes on cuts it there: a face that comes out from behind another, or is lost
    behind it.
    """
    marks: list[set[int]] = [set() for _ in pieces]
    for i, j in combinations(range(len(pieces)), 2):
        for frame in _encounters(pieces[i], pieces[j]):
            marks[i].add(frame)
            marks[j].add(frame)
    for i, j in ((i, j) for i in range(len(pieces)) for j in range(len(pieces)) if i != j):
        first, last = pieces[i][0], pieces[i][-1]
        for end, frame in ((first, first.frame), (last, last.frame + 1)):
            beside = _nearest_in_time(pieces[j], end.frame)
            if beside is not None and confusable(end, beside):
                marks[j].add(frame)
    result = []
    for piece, frames in zip(pieces, marks, strict=True):
        # Marks of one event are a frame or two apart, and from where the face is lost or found. A piece of a frame has neither
        # motion nor identity: whoever joins it might pass it on to anybody.
        apart_enough = [
            f
            for f in frames
            if not any(0 < later - f <= STEP_GAP + 1 for later in frames)
            and min(f - piece[0].frame, piece[-1].frame + 1 - f) > STEP_GAP + 1
        ]
        bounds = [-1, *sorted(apart_enough), piece[-1].frame + 1]
        parts = [[face for face in piece if start <= face.frame < end] for start, end in pairwise(bounds)]
        result += [part for part in parts if part]
    return result


def join(pieces: list[Tracklet], max_gap: int) -> list[Tracklet]:
    """Tracklets joined end to start at the least total cost; every end and start is used at most once."""
    count = len(pieces)
    # Column count + i leaves the end of piece i open.
    cost = np.full((count, 2 * count), NEVER)
    cost[np.arange(count), count + np.arange(count)] = LEAVE
    for i, before in enumerate(pieces):
        for j, after in enumerate(pieces):
            if 0 < after[0].frame - before[-1].frame <= max_gap + 1:
                cost[i, j] = _join_cost(before, after, max_gap)
    rows, columns = linear_sum_assignment(cost)
    follower = {int(i): int(j) for i, j in zip(rows, columns, strict=True) if j < count and cost[i, j] < LEAVE}
    heads = set(range(count)).difference(follower.values())
    chains = []
    for head in sorted(heads):
        chain = list(pieces[head])
        while (head := follower.get(head, -1)) >= 0:
            chain += pieces[head]
        chains.append(chain)
    return chains


def predict(sightings: Tracklet, frame: int) -> NDArray[np.float64]:
    """(2,) where the face's centre is at a frame before or after the sightings.

    Constant velocity that dies away over some ten frames: people stop and turn more often than they keep going.
    """
    ordered = sightings[-VELOCITY_SIGHTINGS:] if frame > sightings[-1].frame else sightings[:VELOCITY_SIGHTINGS]
    near = ordered[-1] if frame > sightings[-1].frame else ordered[0]
    if len(ordered) < 2:
        return centre(near)
    times = np.array([face.frame for face in ordered], np.float64)
    places = np.stack([centre(face) for face in ordered])
    times -= times.mean()
    velocity = times @ (places - places.mean(0)) / (times @ times)
    ahead = frame - near.frame
    return centre(near) + velocity * np.sign(ahead) * 10 * (1 - np.exp(-abs(ahead) / 10))


def _step_cost(sightings: Tracklet, face: Face) -> float:
    last = sightings[-1]
    frames = face.frame - last.frame
    size = (size_px(last) + size_px(face)) / 2
    miss = float(np.linalg.norm(predict(sightings, face.frame) - centre(face))) / size
    grown = abs(np.log(size_px(face) / size_px(last)))
    return miss + grown if miss < STEP_GATE * frames and grown < SCALE_GATE else NEVER


def _join_cost(before: Tracklet, after: Tracklet, max_gap: int) -> float:
    end, start = before[-1], after[0]
    grown = abs(np.log(size_px(start) / size_px(end)))
    size = (size_px(start) + size_px(end)) / 2
    forward = float(np.linalg.norm(predict(before, start.frame) - centre(start))) / size
    backward = float(np.linalg.norm(predict(after, end.frame) - centre(end))) / size
    # A short piece has a wild velocity: the better of the two ways, mostly, and the plain distance as a third.
    still = float(np.linalg.norm(centre(start) - centre(end))) / size
    miss = (forward + backward + still) / 3
    if miss > JOIN_GATE or grown > 2 * SCALE_GATE:
        return NEVER
    missing = start.frame - end.frame - 1
    identity = _identity_cost(before, after)
    if missing <= STEP_GAP:
        identity = min(identity, CONTIGUOUS)
    return miss + grown + 0.5 * missing / max(1, max_gap) + identity


def _identity_cost(before: Tracklet, after: Tracklet) -> float:
    """0 where either has no embedding."""
    known = [[face.identity for face in piece if face.identity is not None] for piece in (before, after)]
    if not all(known):
        return 0.0
    late, early = np.mean(known[0][-IDENTITY_SIGHTINGS:], axis=0), np.mean(known[1][:IDENTITY_SIGHTINGS], axis=0)
    return IDENTITY_WEIGHT * max(0.0, float(np.linalg.norm(late - early)) - IDENTITY_SAME)


def _encounters(a: Tracklet, b: Tracklet) -> list[int]:
    """Per run of frames in which the two are close, the frame in which they are nearest."""
    others = {face.frame: face for face in b}
    close = [
        (face.frame, apart(face, others[face.frame]))
        for face in a
        if face.frame in others and confusable(face, others[face.frame])
    ]
    frames: list[int] = []
    run: list[tuple[int, float]] = []
    for item in close:
        if run and item[0] > run[-1][0] + STEP_GAP + 1:
            frames.append(min(run, key=lambda pair: pair[1])[0])
            run = []
        run.append(item)
    return [*frames, min(run, key=lambda pair: pair[1])[0]] if run else frames


def confusable(a: Face, b: Face, within: float = CLOSE) -> bool:
    """Whether two faces are of like size and nearer than `within` sizes, so that one may be taken for the other."""
    return apart(a, b) < within and abs(np.log(size_px(a) / size_px(b))) < SCALE_GATE


def _nearest_in_time(piece: Tracklet, frame: int) -> Face | None:
    """The sighting nearest to a frame that lies strictly inside the piece's span."""
    if not piece[0].frame < frame < piece[-1].frame:
        return None
    return min(piece, key=lambda face: abs(face.frame - frame))
