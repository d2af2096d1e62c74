from __future__ import annotations

import numpy as np
import pytest
from tests.faces.people import by_frame, person, seen, shot

from facefix.faces.linking import fill, link
from facefix.types import Face, Track

RATE = 25
GAP = RATE // 2


def xs(track: Track) -> np.ndarray:
    return np.array([(face.box[0] + face.box[2]) / 2 for face in track.faces])


def test_one_face_is_one_track_with_a_face_for_every_frame() -> None:
    tracks = link([[seen(i, 100 + i)] for i in range(40)], [shot(0, 40)], GAP)
    assert [(t.id, t.shot, t.span.start, t.span.end) for t in tracks] == [(0, 0, 0, 40)]
    assert [face.frame for face in tracks[0].faces] == list(range(40))


@pytest.mark.parametrize(("missing", "parts"), [(10, 1), (GAP, 1), (GAP + 1, 2), (20, 2)])
def test_gaps_of_half_a_second_are_filled_and_longer_ones_are_not(missing: int, parts: int) -> None:
    hidden = range(30, 30 + missing)
    frames = [[seen(i, 100 + 3 * i)] for i in range(80) if i not in hidden]
    tracks = link(frames, [shot(0, 80)], GAP)
    assert len(tracks) == parts
    if parts == 1:
        filled = [tracks[0].at(i) for i in hidden]
        assert all(face is not None and face.score == 0 and face.identity is None for face in filled)
        assert xs(tracks[0]) == pytest.approx(100 + 3 * np.arange(80), abs=0.5)


def test_a_gap_in_a_curved_path_is_filled_along_it_without_overshoot() -> None:
    path = 300 + 80 * np.sin(np.arange(60) / 12)
    faces = [seen(i, path[i]) for i in range(60) if not 24 <= i < 34]
    filled = fill(faces)
    found = np.array([(f.box[0] + f.box[2]) / 2 for f in filled])
    assert np.abs(found - path).max() < 6
    assert found[24:34].min() >= min(path[23], path[34]) - 0.01
    assert found[24:34].max() <= max(path[23], path[34]) + 0.01


def test_a_cut_ends_the_track_even_where_the_face_stays_in_place() -> None:
    tracks = link([[seen(i, 100)] for i in range(60)], [shot(0, 23), shot(23, 60, 1)], GAP)
    assert [(t.id, t.shot, t.span.start, t.span.end) for t in tracks] == [(0, 0, 0, 23), (1, 1, 23, 60)]


def test_a_gap_across_a_cut_is_not_filled() -> None:
    frames = [[seen(i, 100)] for i in range(60) if not 26 <= i < 34]
    tracks = link(frames, [shot(0, 30), shot(30, 60, 1)], GAP)
    assert [(t.span.start, t.span.end) for t in tracks] == [(0, 26), (34, 60)]


def test_ids_follow_first_appearance_then_left_to_right() -> None:
    late, right, left = ([seen(i, x) for i in range(start, 50)] for x, start in ((100, 9), (700, 0), (400, 0)))
    tracks = link(by_frame(late, right, left), [shot(0, 50)], GAP)
    assert [round(float(xs(t)[0])) for t in tracks] == [400, 700, 100]
    assert [t.id for t in tracks] == [0, 1, 2]


def test_frames_of_a_range_need_not_start_at_zero() -> None:
    tracks = link([[seen(i, 100)] for i in range(500, 530)], [shot(480, 540)], GAP)
    assert (tracks[0].span.start, tracks[0].span.end) == (500, 530)


def crossing(hidden: range, known: bool, turning: bool) -> tuple[list[list[Face]], dict[int, np.ndarray]]:
    """Two people walk toward each other and pass (or, turning, meet and go back); one is behind the other in between."""
    a, b = (person(1), person(2)) if known else (None, None)
    frames, truth = [], {0: [], 1: []}
    for i in range(80):
        reach = 240 - 6 * i
        reach = abs(reach) if turning else reach
        xa, xb = 400 - reach, 400 + reach
        truth[0].append(xa)
        truth[1].append(xb)
        each = i % 6 == 0
        front = seen(i, xa, 200, 62, identity=a if each else None)
        behind = seen(i, xb, 206, 58, identity=b if each else None)
        frames.append([front] if i in hidden else [front, behind])
    return frames, {k: np.array(v) for k, v in truth.items()}


@pytest.mark.parametrize("hidden", [range(0), range(38, 43), range(35, 46)])
@pytest.mark.parametrize("turning", [False, True])
def test_two_who_meet_keep_their_ids_by_identity(hidden: range, turning: bool) -> None:
    frames, truth = crossing(hidden, known=True, turning=turning)
    tracks = link(frames, [shot(0, 80)], GAP)
    assert len(tracks) == 2
    for track in tracks:
        off = np.abs(xs(track) - truth[track.id])
        assert np.delete(off, range(32, 50)).max() < 5


@pytest.mark.parametrize("hidden", [range(0), range(39, 42)])
def test_two_who_pass_keep_their_ids_by_motion_where_identity_is_not_measurable(hidden: range) -> None:
    frames, truth = crossing(hidden, known=False, turning=False)
    tracks = link(frames, [shot(0, 80)], GAP)
    assert [len(t.faces) for t in tracks] == [80, 80]
    assert all(np.abs(xs(t) - truth[t.id]).max() < 12 for t in tracks)


def test_no_last_sighting_without_an_embedding_carries_a_face_over_to_another() -> None:
    """Two pass behind a third and are lost; who they were was last measured a few frames before that."""
    share = np.clip((np.linspace(0, 1, 32) - 0.15) / 0.7, 0, 1)
    path = 460 * share**2 * (3 - 2 * share)

    def passing(who: int, xs: np.ndarray, hidden: range, size: float) -> list[Face]:
        known = {0, 3, 6, 9, 12, 19, 22, 25, 28, 31}
        times = [i for i in range(32) if i not in hidden]
        return [seen(i, xs[i], size=size, identity=person(who) if i in known else None) for i in times]

    people = (
        passing(1, 160 + path, range(14, 17), 100),
        passing(2, 617 - path, range(14, 18), 92),
        passing(3, np.full(32, 387.0), range(0), 112),
    )
    tracks = link(by_frame(*people), [shot(0, 32)], GAP)
    assert [len(t.faces) for t in tracks] == [32, 32, 32]
    for track in tracks:
        known = [face.identity for face in track.faces if face.identity is not None]
        assert all(np.array_equal(one, known[0]) for one in known)


def test_another_person_at_the_same_place_after_a_gap_is_another_track() -> None:
    a, b = person(1), person(2)
    frames = [[seen(i, 200, identity=a if i < 30 else b)] for i in range(60) if not 28 <= i < 38]
    assert [(t.span.start, t.span.end) for t in link(frames, [shot(0, 60)], GAP)] == [(0, 28), (38, 60)]
    same = [[seen(i, 200, identity=a)] for i in range(60) if not 28 <= i < 38]
    assert len(link(same, [shot(0, 60)], GAP)) == 1


def test_a_fast_jump_within_a_shot_stays_one_track() -> None:
    path = np.where(np.arange(40) < 20, 100, 180)
    assert len(link([[seen(i, path[i])] for i in range(40)], [shot(0, 40)], GAP)) == 1


def test_a_low_frame_rate_walk_stays_one_track() -> None:
    frames = [[seen(i, 100 + 25 * i + 12 * (i % 2), 200 + 15 * (i % 3), 40)] for i in range(20)]
    assert len(link(frames, [shot(0, 20)], 4)) == 1


def test_short_dim_and_misshapen_tracks_are_dropped() -> None:
    face = [seen(i, 100) for i in range(60)]
    glimpse = [seen(i, 400) for i in range(20, 23)]
    dim = [seen(i, 600, score=0.4) for i in range(60)]
    scattered = np.array([[0, 0], [0, 30], [40, -20], [-30, 10], [10, -40]])
    texture = [seen(i, 800, trembling=scattered) for i in range(60)]
    tracks = link(by_frame(face, glimpse, dim, texture), [shot(0, 60)], GAP)
    assert [round(float(xs(t)[0])) for t in tracks] == [100]
    assert len(link(by_frame(glimpse), [shot(20, 23)], GAP)) == 1, "a shot of three frames has no longer tracks"


def test_a_face_found_twice_is_one_track() -> None:
    face = [seen(i, 100, size=100) for i in range(60)]
    second = [seen(i, 105, 210, size=50, score=0.7) for i in range(10, 50)]
    assert len(link(by_frame(face, second), [shot(0, 60)], GAP)) == 1


def test_nothing_seen_is_no_track() -> None:
    assert link([], [shot(0, 10)], GAP) == []
    assert link([[] for _ in range(10)], [shot(0, 10)], GAP) == []
    assert link([[seen(i, 100)] for i in range(30)], [], GAP) == []
