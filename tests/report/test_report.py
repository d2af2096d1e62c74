"""What people and machines read of a diagnosis and of a render."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from facefix.pipeline import Proof, Report
from facefix.report.schema import document, dumps, outcome
from facefix.report.table import WIDTH, bar, details, finding_rows, lines, summary
from facefix.types import (
    Analysis,
    ClipInfo,
    ColourTags,
    Diagnosis,
    Face,
    Finding,
    Generator,
    Judgement,
    Shot,
    Span,
    Track,
    VideoInfo,
)

_REPAIR = Judgement("repair", "warp; at worst 0.72 in frames 40-58.")
_REGENERATE = Judgement("regenerate", "face 3: collapsed for 0.8 s.", (Span(40, 58), Span(70, 90)))
_FINDING = Finding("warp", 3, Span(40, 58), 0.7219, "it bends.", {"strain": 1.25})

_PROOFS = (
    Proof(3, "warp", Span(40, 58), "identity distance", 0.41234, 0.28, True, True, "Frames 40-58: warp repaired."),
    Proof(4, "waxy", Span(0, 9), "wax", 0.3, 0.5, False, False, "Frames 0-9: waxy left as it was."),
    Proof(4, "drift", Span(0, 9), None, None, None, False, True, "Frames 0-9: drift repaired, not measured."),
)


def _analysis(**more) -> Analysis:
    clock, rate = Fraction(1, 12800), Fraction(24)
    video = VideoInfo(0, "h264", None, 640, 360, "yuv420p", 8, clock, rate, 48, None, 90, None, ColourTags())
    box, points = np.array([0, 0, 9, 9], np.float32), np.zeros((5, 2), np.float32)
    track = Track(3, 0, tuple(Face(f, box, points, 0.9) for f in range(2)))
    signals = {"strain": np.array([1.23456, np.nan], np.float32)}
    diagnosis = Diagnosis(track, 88.5, signals, (_FINDING,), _REPAIR)
    parts = {
        "clip": ClipInfo(Path("shots/café.mp4"), "mov", video, 1, 0, Fraction(2)),
        "frames": 48,
        "span": Span(0, 48),
        "shots": (Shot(0, Span(0, 48)),),
        "diagnoses": (diagnosis,),
        "judgement": Judgement("repair", "face 3: warp."),
        "generator": Generator("kling", 'its tags say "Kling AI".'),
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
        "judgement": _REPAIR,
        "rate": Fraction(24),
        "warnings": (),
        "seconds": 1.26,
        "size": (640, 360),
    }
    return Report(**{**parts, **more})


def test_the_schema_keeps_its_promise() -> None:
    got = document(_analysis())
    assert {key: got[key] for key in got if key not in ("facefix", "tracks")} == {
        "schema": 1,
        "clip": {"path": "shots/café.mp4", "frames": 48, "duration_s": 2.0, "width": 360, "height": 640},
        "shots": [{"index": 0, "start": 0, "end": 48}],
        "verdict": "repair",
        "reason": "face 3: warp.",
        "regenerate": [],
        "generator": {"name": "kling", "why": 'its tags say "Kling AI".'},
        "warnings": ["café.mp4 is cut short: 48 of 50 frames are there."],
        "advice": [],
        "range": {"start": 0, "end": 48},
    }
    assert got["tracks"] == [
        {
            "id": 3,
            "shot": 0,
            "start": 0,
            "end": 2,
            "character": None,
            "character_distance": None,
            "character_why": "",
            "median_face_px": 88.5,
            "verdict": "repair",
            "reason": "warp; at worst 0.72 in frames 40-58.",
            "regenerate": [],
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


def test_frames_to_regenerate_are_told_to_machines() -> None:
    got = document(_analysis(judgement=_REGENERATE))
    assert got["verdict"] == "regenerate"
    assert got["regenerate"] == [{"start": 40, "end": 58}, {"start": 70, "end": 90}]


def test_the_table_of_a_diagnosis() -> None:
    assert list(lines(_analysis())) == [
        "shots/café.mp4: 48 frames, 360x640, 24 fps, 1 shot",
        '  generator: kling; its tags say "Kling AI".',
        "  ! café.mp4 is cut short: 48 of 50 frames are there.",
        "  face 3: frames 0-2, shot 0, 88 px",
        "    mode  frames  time code                severity      reason",
        "    warp  40-58   00:00:01:16-00:00:02:10  [####.] 0.72  it bends.",
        "                                                         -> rebuild these frames from the good ones around them",
        "    repair: warp; at worst 0.72 in frames 40-58.",
        "  verdict: repair: face 3: warp.",
    ]
    nobody = Judgement("clean", "no face was found.")
    shots = (Shot(0, Span(0, 4)), Shot(1, Span(4, 48)))
    empty = list(lines(_analysis(diagnoses=(), warnings=(), shots=shots, judgement=nobody)))
    assert empty[0].endswith("2 shots")
    assert empty[2:] == ["  verdict: clean: no face was found."]


def test_a_shot_past_saving_is_named_by_frames_and_time_codes_and_its_findings_get_no_advice() -> None:
    one = _analysis().diagnoses[0]
    lost = _analysis(diagnoses=(replace(one, judgement=_REGENERATE),), judgement=_REGENERATE)
    text = list(lines(lost))
    assert not any("->" in line for line in text)
    said = "regenerate this shot, frames 40-58 (00:00:01:16-00:00:02:10), 70-90 (00:00:02:22-00:00:03:18): face 3: collapsed"
    assert said in " ".join(" ".join(text[-2:]).split())


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((60.0,), None),
        (
            (45.4, 300.0),
            "face 0 (45 px) is too small for a repair to matter: enlarge first (--scale 2), then repair the result.",
        ),
        ((45.0, 22.0), "faces 0, 1 (22 to 45 px) are too small for a repair to matter: enlarge first (--scale 4), then"),
    ],
)
def test_faces_too_small_for_a_repair_are_to_be_enlarged_first(sizes: tuple[float, ...], said: str | None) -> None:
    one = _analysis().diagnoses[0]
    diagnoses = tuple(replace(one, track=replace(one.track, id=i), median_face_px=px) for i, px in enumerate(sizes))
    small = _analysis(diagnoses=diagnoses)
    assert [told[: len(said or "")] for told in document(small)["advice"]] == ([said] if said else [])
    assert ("advice: " + (said or "") in " ".join(" ".join(lines(small)).split())) == (said is not None)


def test_columns_stay_in_line_and_within_the_width() -> None:
    long = replace(_FINDING, span=Span(12040, 12358), why="features lie far from where the frames around have them. " * 3)
    rows = list(finding_rows([_FINDING, long, replace(_FINDING, mode="collapsed")], Fraction(24)))
    assert max(map(len, rows)) <= WIDTH - 4
    column = rows[0].index("reason")
    assert [row[column - 2 : column] for row in rows] == ["  "] * len(rows)
    assert all(row[column] != " " for row in rows)
    assert [row.split()[0] for row in rows if not row.startswith(" ")] == ["mode", "warp", "warp", "collapsed"]


def test_without_a_rate_there_is_no_column_of_time_codes() -> None:
    head, row = finding_rows([_FINDING], None)
    assert head.split() == ["mode", "frames", "severity", "reason"]
    assert row.split() == ["warp", "40-58", "[####.]", "0.72", "it", "bends."]


@pytest.mark.parametrize(("severity", "shown"), [(0.0, "[.....] 0.00"), (0.3, "[##...] 0.30"), (1.0, "[#####] 1.00")])
def test_severity_is_a_bar(severity: float, shown: str) -> None:
    assert bar(severity) == shown


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "a.mp4: repaired 18 of 48 frames; written to a_fixed.mp4 [1.3 s]"),
        ({"compare": Path("c.mp4")}, "written to a_fixed.mp4, comparison in c.mp4 ["),
        ({"faces": 0, "copied": True}, "no face found; copied without re-encoding to a_fixed.mp4"),
        ({"repaired_frames": 0, "copied": True, "findings": ()}, "nothing to repair; copied without"),
        ({"repaired_frames": 0, "untreated": (_FINDING,)}, "nothing this version can repair; written to"),
        ({"faces": None, "findings": ()}, "repaired 18 of 48 frames"),
        (
            {"scale": 4, "size": (2560, 1440), "upscaler": "anime"},
            "repaired 18 of 48 frames, enlarged 4x to 2560x1440 by anime; written to a_fixed.mp4",
        ),
    ],
)
def test_the_summary_of_a_render(more: dict, said: str) -> None:
    assert said in summary(_report(**more))


def test_the_details_of_a_render() -> None:
    report = _report(untreated=(_FINDING,), judgement=_REGENERATE, warnings=("one.", "two."))
    got = list(details(report))
    assert got[:3] == ["  ! one.", "  ! two.", "  face 3"]
    assert got[4] == "    warp  40-58   00:00:01:16-00:00:02:10  [####.] 0.72  it bends."
    assert got[5].strip() == "(left as it is)"
    assert got[6].startswith("  advice: regenerate this shot, frames 40-58 (00:00:01:16-00:00:02:10), 70-90")
    assert list(details(_report(findings=()))) == []
    assert "left as it is" not in " ".join(details(_report()))


def test_proofs_are_told_to_people_under_their_faces() -> None:
    got = list(details(_report(proofs=_PROOFS)))
    assert got[0] == "  face 3" and got[3] == "    Frames 40-58: warp repaired."
    assert got[4:] == [
        "  face 4",
        "    ! Frames 0-9: waxy left as it was.",
        "    Frames 0-9: drift repaired, not measured.",
    ]


def test_what_a_render_did_is_told_to_machines() -> None:
    got = outcome(_report(proofs=_PROOFS, untreated=(_FINDING,), warnings=("one.",)))
    assert json.loads(dumps(got)) == got
    assert {key: got[key] for key in got if key not in ("facefix", "findings", "proofs")} == {
        "schema": 1,
        "clip": {"path": "a.mp4"},
        "out": "a_fixed.mp4",
        "compare": None,
        "page": None,
        "stills": [],
        "width": 640,
        "height": 360,
        "scale": 1,
        "upscaler": None,
        "frames": 48,
        "repaired_frames": 18,
        "copied": False,
        "verdict": "repair",
        "reason": "warp; at worst 0.72 in frames 40-58.",
        "regenerate": [],
        "warnings": ["one."],
        "seconds": 1.26,
    }
    assert got["findings"][0]["mode"] == "warp" and not got["findings"][0]["treated"]
    assert got["proofs"][0] == {
        "track": 3,
        "mode": "warp",
        "start": 40,
        "end": 58,
        "measure": "identity distance",
        "before": 0.4123,
        "after": 0.28,
        "improved": True,
        "kept": True,
        "why": "Frames 40-58: warp repaired.",
    }
    assert (got["proofs"][2]["measure"], got["proofs"][2]["before"]) == (None, None)
