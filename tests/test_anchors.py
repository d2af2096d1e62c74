"""Which frames are anchors, of a face whose signals are written by hand."""

from __future__ import annotations

import numpy as np

from facefix.anchors import best_frames
from facefix.types import Diagnosis, Face, Finding, Judgement, Span, Track

FRAMES, FIRST = 60, 4


def _face(frame: int, score: float = 0.9) -> Face:
    return Face(frame, np.zeros(4, np.float32), np.zeros((5, 2), np.float32), score)


def _best(*findings: Finding, count: int = 5, unseen: tuple[int, ...] = (), **signals: np.ndarray) -> tuple[int, ...]:
    """Counted from the first frame of the track."""
    told = {"detail": np.linspace(1.0, 1.2, FRAMES), "yaw": np.zeros(FRAMES)} | signals
    faces = tuple(_face(FIRST + i, 0.0 if i in unseen else 0.9) for i in range(FRAMES))
    as_told = {name: values.astype(np.float32) for name, values in told.items()}
    diagnosis = Diagnosis(Track(7, 0, faces), 88.0, as_told, findings, Judgement("clean", ""))
    return tuple(frame - FIRST for frame in best_frames(diagnosis, count))


def _but(usual: float, other: float, at: np.ndarray | slice) -> np.ndarray:
    values = np.full(FRAMES, usual)
    values[at] = other
    return values


def _finding(mode: str, start: int, end: int) -> Finding:
    return Finding(mode, 7, Span(FIRST + start, FIRST + end), 0.6, "")


LATE = slice(30, None)


def test_the_sharpest_come_first_and_lie_apart() -> None:
    best = _best()
    assert best[0] == FRAMES - 1
    assert len(best) == 5 and min(np.abs(np.diff(sorted(best)))) >= 3


def test_faulty_unseen_and_covered_frames_are_none() -> None:
    assert max(_best(_finding("warp", 30, 60))) < 30
    assert max(_best(unseen=tuple(range(30, 60)))) < 30
    assert max(_best(tint=_but(2, 30, LATE))) < 30, "a hand of another colour is before it"
    assert max(_best(mesh=_but(0.93, 0.7, LATE))) < 30, "something hides its features"


def test_a_face_in_coloured_light_has_anchors() -> None:
    assert len(_best(tint=np.full(FRAMES, 25.0))) == 5


def test_eyes_are_open() -> None:
    assert max(_best(eyes=_but(0.3, 0.05, LATE))) < 30


def test_frames_in_which_it_looks_like_somebody_else_come_last() -> None:
    assert max(_best(identity_distance=_but(0.2, 0.45, LATE), count=3)) < 30


def test_each_way_to_hold_the_head_is_shown_before_one_twice() -> None:
    yaw = np.repeat([0, 27, -27], FRAMES // 3)
    assert sorted(yaw[i] for i in _best(yaw=yaw, count=3)) == [-27, 0, 27]
    # A profile is no anchor as long as there are others.
    assert max(_best(yaw=np.repeat([0, 80], FRAMES // 2))) < FRAMES // 2


def test_early_frames_are_preferred_where_somebody_drifts() -> None:
    assert np.mean(_best(_finding("drift", 40, 60))) < 15 < np.mean(_best(_finding("warp", 40, 60)))


def test_a_face_that_is_faulty_throughout_has_none() -> None:
    assert _best(_finding("warp", 0, 60)) == ()
