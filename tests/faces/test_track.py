from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from tests.faces.people import person, seen, shot

from facefix.faces.track import Sightings
from facefix.types import Face, Pixels

RATE = 24.0
BLACK = np.zeros((32, 32, 3), np.uint8)


@dataclass
class Namer:
    """Tells people apart by how high up they are, and keeps a record of when it was asked."""

    rows: dict[float, int] = field(default_factory=lambda: {200.0: 1, 210.0: 2})
    asked: list[tuple[int, int]] = field(default_factory=list)
    blind: bool = False

    def of(self, rgb: Pixels, face: Face) -> np.ndarray | None:
        if self.blind:
            return None
        middle = (face.box[1] + face.box[3]) / 2
        who = self.rows[min(self.rows, key=lambda row: abs(row - middle))]
        self.asked.append((face.frame, who))
        return person(who)


def watch(namer: Namer, frames: list[list[Face]]) -> Sightings:
    sightings = Sightings(RATE, namer)
    for faces in frames:
        sightings.push(faces[0].frame, BLACK, faces)
    return sightings


def test_identity_is_measured_at_once_and_then_four_times_a_second() -> None:
    namer = Namer()
    watch(namer, [[seen(i, 100 + i)] for i in range(96)])
    assert [frame for frame, _ in namer.asked] == list(range(0, 96, 6))


def test_a_dim_face_waits_for_a_better_look() -> None:
    namer = Namer()
    watch(namer, [[seen(i, 100, score=0.4 if i < 5 else 0.9)] for i in range(10)])
    assert [frame for frame, _ in namer.asked] == [5]


def test_an_unmeasurable_face_is_tried_again_and_leaves_no_identity() -> None:
    tracks = watch(Namer(blind=True), [[seen(i, 100)] for i in range(30)]).tracks([shot(0, 30)])
    assert len(tracks) == 1
    assert all(face.identity is None for face in tracks[0].faces)


def test_faces_that_come_near_are_measured_more_often() -> None:
    calm, close = Namer(), Namer()
    watch(calm, [[seen(i, 100), seen(i, 600, 210)] for i in range(60)])
    watch(close, [[seen(i, 100), seen(i, 190, 210)] for i in range(60)])
    assert len(close.asked) >= 2 * len(calm.asked)


def test_a_crowd_does_not_stall_the_pass() -> None:
    namer = Namer()
    watch(namer, [[seen(i, 80.0 * k, 200) for k in range(20)] for i in range(10)])
    per_frame = np.bincount([frame for frame, _ in namer.asked])
    assert per_frame.max() <= 2
    assert len(namer.asked) == 20


def test_two_who_cross_are_told_apart_from_start_to_end() -> None:
    frames = []
    for i in range(96):
        left, right = seen(i, 100 + 5 * i, 200), seen(i, 580 - 5 * i, 210)
        frames.append([left] if abs(i - 48) < 5 else [right, left])
    tracks = watch(Namer(), frames).tracks([shot(0, 96)])
    assert [len(track.faces) for track in tracks] == [96, 96]
    for track, ends in zip(tracks, ((100, 575), (580, 105)), strict=True):
        middles = [(f.box[0] + f.box[2]) / 2 for f in (track.faces[0], track.faces[-1])]
        assert np.abs(np.array(middles) - ends).max() < 3
        named = {
            int(np.argmin([np.linalg.norm(f.identity - person(k)) for k in (1, 2)]))
            for f in track.faces
            if f.identity is not None
        }
        assert named == {track.id}


def test_tracks_are_smoothed_and_filled() -> None:
    rng = np.random.default_rng(0)
    frames = [[seen(i, 100, trembling=rng.normal(0, 1, (5, 2)))] for i in range(60) if not 20 <= i < 30]
    (track,) = watch(Namer(), frames).tracks([shot(0, 60)])
    assert [face.frame for face in track.faces] == list(range(60))
    steps = np.diff([face.points for face in track.faces], axis=0)
    assert np.abs(steps).mean() < 0.3
