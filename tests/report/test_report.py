"""What people and machines read of a diagnosis and of a render."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from facefix.pipeline import Report
from facefix.report.schema import document, dumps
from facefix.report.table import details, finding_line, lines, summary
from facefix.types import Analysis, ClipInfo, ColourTags, Diagnosis, Face, Finding, Shot, Span, Track, VideoInfo

_FINDING = Finding("warp", 3, Span(40, 58), 0.7219, "it bends.", {"strain": 1.25})


def _analysis(**more) -> Analysis:
    clock, rate = Fraction(1, 12800), Fraction(24)
    video = VideoInfo(0, "h264", None, 640, 360, "yuv420p", 8, clock, rate, 48, None, 90, None, ColourTags())
    box, points = np.array([0, 0, 9, 9], np.float32), np.zeros((5, 2), np.float32)
    track = Track(3, 0, tuple(Face(f, box, points, 0.9) for f in range(2)))
    signals = {"strain": np.array([1.23456, np.nan], np.float32)}
    diagnosis = Diagnosis(track, 88.5, signals, (_FINDING,), "repair")
    parts = {
        "clip": ClipInfo(Path("shots/café.mp4"), "mov", video, 1, 0, Fraction(2)),
        "frames": 48,
        "span": Span(0, 48),
        "shots": (Shot(0, Span(0, 48)),),
        "diagnoses": (diagnosis,),
        "warnings": ("café.mp4 is cut short: 48 of 50 frames are there.",),
    }
    return Analysis(**{**parts, **more})


def _report(**more) -> Report:
    parts = {
        "clip": Path("a.mp4"),
        "out": Path("a_fixed.mp4"),
        "compare": None,
        "frames": 48,
        "repaired_frames": 18,
        "copied": False,
        "faces": 1,
        "findings": (_FINDING,),
        "untreated": (),
        "verdict": "repair",
        "warnings": (),
        "seconds": 1.26,
    }
    return Report(**{**parts, **more})


def test_the_schema_keeps_its_promise() -> None:
    got = document(_analysis())
    assert {key: got[key] for key in ("schema", "clip", "shots", "verdict", "warnings", "range")} == {
        "schema": 1,
        "clip": {"path": "shots/café.mp4", "frames": 48, "duration_s": 2.0, "width": 360, "height": 640},
        "shots": [{"index": 0, "start": 0, "end": 48}],
        "verdict": "repair",
        "warnings": ["café.mp4 is cut short: 48 of 50 frames are there."],
        "range": {"start": 0, "end": 48},
    }
    assert got["tracks"] == [
        {
            "id": 3,
            "shot": 0,
            "start": 0,
            "end": 2,
            "character": None,
            "median_face_px": 88.5,
            "verdict": "repair",
            "findings": [
                {"mode": "warp", "start": 40, "end": 58, "severity": 0.722, "why": "it bends.", "evidence": {"strain": 1.25}}
            ],
            "signals": {"strain": [1.2346, None]},
        }
    ]
    assert json.loads(dumps(got)) == got
    assert "café" in dumps(got)


def test_numbers_that_json_does_not_know_never_get_out() -> None:
    with pytest.raises(ValueError):
        dumps({"x": float("nan")})


@pytest.mark.parametrize(
    ("verdicts", "worst"), [((), "clean"), (("clean", "repair"), "repair"), (("regenerate", "repair"), "regenerate")]
)
def test_the_clip_is_as_bad_as_its_worst_face(verdicts: tuple[str, ...], worst: str) -> None:
    one = _analysis().diagnoses[0]
    faces = tuple(Diagnosis(one.track, 1.0, {}, (), verdict) for verdict in verdicts)  # pyright: ignore
    assert _analysis(diagnoses=faces).verdict == worst


def test_the_table_of_a_diagnosis() -> None:
    assert list(lines(_analysis())) == [
        "shots/café.mp4: 48 frames, 360x640, 24 fps, 1 shot",
        "  ! café.mp4 is cut short: 48 of 50 frames are there.",
        "  face 3: frames 0-2, shot 0, 88 px: repair",
        "    warp           40-58  [####.] 0.72  it bends.",
        "  verdict: repair",
    ]
    empty = list(lines(_analysis(diagnoses=(), warnings=(), shots=(Shot(0, Span(0, 4)), Shot(1, Span(4, 48))))))
    assert empty[0].endswith("2 shots")
    assert empty[1:] == ["  no face found", "  verdict: clean"]


@pytest.mark.parametrize(("severity", "bar"), [(0.0, "[.....]"), (0.3, "[##...]"), (1.0, "[#####]")])
def test_severity_is_a_bar(severity: float, bar: str) -> None:
    assert bar in finding_line(Finding("waxy", 0, Span(0, 9), severity, "why."))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "a.mp4: repaired 18 of 48 frames; written to a_fixed.mp4 [1.3 s]"),
        ({"compare": Path("c.mp4")}, "written to a_fixed.mp4, comparison in c.mp4 ["),
        ({"faces": 0, "copied": True}, "no face found; copied without re-encoding to a_fixed.mp4"),
        ({"repaired_frames": 0, "copied": True, "findings": ()}, "nothing to repair; copied without"),
        ({"repaired_frames": 0, "untreated": (_FINDING,)}, "nothing this version can repair; written to"),
        ({"faces": None, "findings": ()}, "repaired 18 of 48 frames"),
    ],
)
def test_the_summary_of_a_render(more: dict, said: str) -> None:
    assert said in summary(_report(**more))


def test_the_details_of_a_render() -> None:
    report = _report(untreated=(_FINDING,), verdict="regenerate", warnings=("one.", "two."))
    warp = "  face 3: warp           40-58  [####.] 0.72  it bends.  (left as it is)"
    advice = "  advice: regenerate this shot; some frames are past saving."
    assert list(details(report)) == ["  ! one.", "  ! two.", warp, advice]
    assert list(details(_report(findings=()))) == []
