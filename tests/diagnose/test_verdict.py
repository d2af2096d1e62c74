"""The rules of `diagnose.verdict`, one by one, on findings made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from facefix.diagnose.verdict import of_clip, of_face
from facefix.types import Diagnosis, Face, Finding, Judgement, Span, Track

FPS = 24.0


def _track(start: int = 0, frames: int = 240, unseen: range = range(0)) -> Track:
    box, points = np.zeros(4, np.float32), np.zeros((5, 2), np.float32)
    return Track(0, 0, tuple(Face(start + i, box, points, 0.0 if start + i in unseen else 0.9) for i in range(frames)))


def _finding(start: int, end: int, severity: float, mode: str = "warp") -> Finding:
    return Finding(mode, 0, Span(start, end), severity, "")


def _judged(*findings: Finding, track: Track | None = None) -> Judgement:
    return of_face(track or _track(), findings, FPS)


def test_no_finding_is_clean_and_a_mild_one_is_to_repair() -> None:
    assert _judged() == Judgement("clean", "no fault found.")
    mild = _judged(_finding(0, 240, 0.35), _finding(40, 58, 0.72, "flicker"))
    assert (mild.verdict, mild.regenerate) == ("repair", ())
    assert mild.reason == "flicker, warp; at worst 0.72 in frames 40-58."


def test_a_collapse_that_the_frames_around_can_bridge_is_to_repair() -> None:
    assert _judged(_finding(40, 52, 1.0, "collapsed")).verdict == "repair"


def test_a_longer_collapse_is_to_regenerate_and_says_which_frames() -> None:
    judged = _judged(_finding(40, 58, 0.7, "collapsed"), _finding(100, 120, 0.5))
    assert (judged.verdict, judged.regenerate) == ("regenerate", (Span(40, 58),))
    assert judged.reason == "collapsed for 0.8 s, too long to be rebuilt from the frames around."


def test_a_collapse_in_doubt_ruins_nothing() -> None:
    assert _judged(_finding(40, 90, 0.5, "collapsed")).verdict == "repair"


def test_wax_is_to_repair_however_long_as_long_as_one_frame_is_good() -> None:
    assert _judged(_finding(0, 239, 0.95, "waxy")).verdict == "repair"
    assert _judged(_finding(0, 240, 0.95, "waxy")).regenerate == (Span(0, 240),)
    both = _judged(_finding(0, 200, 0.95, "waxy"), _finding(40, 70, 0.95))
    assert both.regenerate == (Span(40, 70),) and both.reason.startswith("ruined by warp for")


def test_what_is_damaged_is_bridged_twice_as_long_as_what_is_gone() -> None:
    assert _judged(_finding(40, 62, 0.95)).verdict == "repair"
    assert _judged(_finding(40, 66, 0.95)).regenerate == (Span(40, 66),)
    assert _judged(_finding(40, 66, 0.89)).verdict == "repair"


def test_runs_that_nearly_touch_are_one() -> None:
    parts = _finding(40, 50, 0.9, "collapsed"), _finding(54, 60, 0.9, "collapsed")
    assert _judged(*parts).regenerate == (Span(40, 60),)
    assert _judged(parts[0], _finding(60, 70, 0.9, "collapsed")).verdict == "repair"


def test_half_of_the_frames_in_short_runs_are_too_many() -> None:
    runs = [_finding(start, start + 11, 0.95) for start in range(0, 231, 21)]
    judged = _judged(*runs)
    assert judged.verdict == "regenerate"
    assert judged.regenerate == tuple(f.span for f in runs)
    assert _judged(*runs[:-2]).verdict == "repair"


def test_where_no_good_frame_is_left_all_of_the_face_is_to_regenerate() -> None:
    short = _track(100, 30)
    ruined, bad = _finding(100, 105, 0.95), _finding(105, 130, 0.65, "waxy")
    assert of_face(short, (ruined, bad), FPS).regenerate == (Span(100, 130),)
    assert of_face(short, (ruined, _finding(105, 130, 0.5, "waxy")), FPS).verdict == "repair"
    unseen = _track(100, 30, unseen=range(105, 130))
    assert of_face(unseen, (ruined,), FPS).regenerate == (Span(100, 130),)
    assert of_face(short, (bad,), FPS).verdict == "repair", "bad is not ruined"


def _diagnosis(id: int, judgement: Judgement) -> Diagnosis:
    return Diagnosis(Track(id, 0, _track().faces), 90.0, {}, (), judgement)


def test_a_clip_is_as_bad_as_its_worst_face() -> None:
    clean = _diagnosis(0, Judgement("clean", "no fault found."))
    repair = _diagnosis(1, Judgement("repair", "warp; at worst 0.50 in frames 4-9."))
    short = _diagnosis(2, Judgement("regenerate", "collapsed for 0.8 s.", (Span(40, 58),)))
    long = _diagnosis(3, Judgement("regenerate", "collapsed in 90% of its frames.", (Span(50, 80), Span(100, 240))))
    assert of_clip([]) == Judgement("clean", "no face was found.")
    assert of_clip([clean, clean]).reason == "no fault found on 2 faces."
    assert of_clip([clean, repair]) == Judgement("repair", "face 1: warp; at worst 0.50 in frames 4-9.")
    worst = of_clip([short, repair, long])
    assert worst.reason == "face 3: collapsed in 90% of its frames (1 more face to regenerate)."
    assert worst.regenerate == (Span(40, 80), Span(100, 240))


@pytest.mark.parametrize("reason", ["warp.", "warp"])
def test_reasons_end_in_one_full_stop(reason: str) -> None:
    assert of_clip([_diagnosis(1, Judgement("repair", reason))]).reason == "face 1: warp."
