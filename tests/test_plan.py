import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from facefix.errors import PlanError
from facefix.plan import Plan, PlannedCharacter, dump, fingerprint, make_plan, unsound_in, without
from facefix.plan_reader import load
from facefix.types import Analysis, ClipInfo, ColourTags, Diagnosis, Face, Finding, Judgement, Shot, Span, Track, VideoInfo


@pytest.fixture
def analysis(tmp_path: Path) -> Analysis:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"not looked at")
    video = VideoInfo(
        0,
        "h264",
        None,
        640,
        360,
        "yuv420p",
        8,
        Fraction(1, 12800),
        Fraction(24),
        48,
        Fraction(2),
        90,
        None,
        ColourTags(),
    )
    rng = np.random.default_rng(1)
    faces = tuple(
        Face(f, np.array([0, 0, 9, 9], np.float32), rng.uniform(0, 300, (5, 2)).astype(np.float32), 0.9) for f in range(4, 44)
    )
    findings = (
        Finding("warp", 7, Span(10, 20), 0.7, "it bends."),
        Finding("drift", 7, Span(20, 44), 0.2, "it changes."),
        Finding("flicker", 7, Span(12, 14), 0.9, "it boils."),
    )
    detail = np.linspace(1, 2, 40, dtype=np.float32)
    diagnosis = Diagnosis(Track(7, 0, faces), 88.0, {"detail": detail, "yaw": 0 * detail}, findings, Judgement("repair", ""))
    info = ClipInfo(clip, "mov", video, 1, 0, Fraction(2))
    return Analysis(info, 48, Span(0, 48), (Shot(0, Span(0, 48)),), (diagnosis,), diagnosis.judgement)


def _plan(analysis: Analysis, **more) -> Plan:
    return make_plan(analysis, **{"strength": 0.6, "treatable": ("warp", "flicker", "waxy"), **more})


def test_findings_become_treatments_within_what_can_and_may_be_treated(analysis: Analysis) -> None:
    assert [t.mode for t in _plan(analysis).treatments] == ["warp", "flicker"]
    assert [t.mode for t in _plan(analysis, only=("flicker", "drift")).treatments] == ["flicker"]
    assert all(0 < t.strength <= 0.6 for t in _plan(analysis).treatments)
    assert _plan(analysis, strength=0).treatments == ()
    assert (_plan(analysis).width, _plan(analysis).height) == (360, 640)


def test_what_is_lost_is_not_treated(analysis: Analysis) -> None:
    (diagnosis,) = analysis.diagnoses
    gone = [replace(finding, lost=finding.mode == "warp") for finding in diagnosis.findings]
    lost = replace(analysis, diagnoses=(replace(diagnosis, findings=tuple(gone)),))
    assert [t.mode for t in _plan(lost).treatments] == ["flicker"]


def test_frames_to_regenerate_are_not_painted_over(analysis: Analysis) -> None:
    (diagnosis,) = analysis.diagnoses
    lost = replace(diagnosis, judgement=Judgement("regenerate", "", (Span(11, 15), Span(18, 30))))
    treated = _plan(replace(analysis, diagnoses=(lost,))).treatments
    assert [(t.mode, t.span) for t in treated] == [("warp", Span(10, 11)), ("warp", Span(15, 18))]


@pytest.mark.parametrize(
    ("holes", "left"),
    [
        ((), (Span(10, 20),)),
        ((Span(0, 10), Span(20, 30)), (Span(10, 20),)),
        ((Span(12, 14), Span(18, 25)), (Span(10, 12), Span(14, 18))),
        ((Span(10, 20),), ()),
        ((Span(0, 99),), ()),
    ],
)
def test_what_is_left_of_a_span(holes: tuple[Span, ...], left: tuple[Span, ...]) -> None:
    assert without(Span(10, 20), holes) == left


def test_the_mild_get_less_and_nobody_more_than_the_cap(analysis: Analysis) -> None:
    (mild,) = _plan(analysis, treatable=("drift",)).treatments
    warp, flicker = _plan(analysis).treatments
    assert 0 < mild.strength < warp.strength == flicker.strength == 0.6


def test_anchors_avoid_findings_and_are_spread(analysis: Analysis) -> None:
    (track,) = _plan(analysis).tracks
    assert 0 < len(track.anchors) <= 5
    assert all(4 <= a < 10 for a in track.anchors), "frames 10-44 all lie in a finding"


def test_what_is_not_treated_is_unsound_all_the_same(analysis: Analysis) -> None:
    (diagnosis,) = analysis.diagnoses
    lost = Span(20, 24)
    some = replace(diagnosis, judgement=Judgement("regenerate", "", (lost,)))
    waxy = Finding("waxy", 7, Span(4, 44), 0.5, "it shines.")
    more = replace(some, findings=(*diagnosis.findings[:1], waxy))
    (track,) = _plan(replace(analysis, diagnoses=(more,)), only=("waxy",)).tracks
    # Wax leaves a face who and where it is.
    assert track.unsound == (Span(10, 24),)
    around = unsound_in(Span(8, 30), track, [], beside=1)
    assert [int(i) + 8 for i in np.flatnonzero(~around)] == [8, 25, 26, 27, 28, 29]
    tint = np.zeros(40, np.float32)
    tint[30:33] = 30
    covered = replace(more, signals={**more.signals, "tint": tint})
    (track,) = _plan(replace(analysis, diagnoses=(covered,)), only=("waxy",)).tracks
    assert track.unsound == (Span(10, 24), Span(34, 37))
    assert track.covered == (Span(34, 37),)


def test_a_written_plan_reads_back_the_same(analysis: Analysis, tmp_path: Path) -> None:
    plan = _plan(analysis, codec="libx265", crf=20, output=Span(2, 40))
    dump(plan, tmp_path / "p.json")
    again = load(tmp_path / "p.json")
    assert again.treatments == plan.treatments
    assert (again.clip, again.fingerprint, again.frames, again.span) == (plan.clip, plan.fingerprint, 48, Span(2, 40))
    assert (again.codec, again.crf, again.restorer) == ("libx265", 20, "auto")
    assert np.abs(again.tracks[0].points - plan.tracks[0].points).max() <= 0.0051
    assert again.tracks[0].anchors == plan.tracks[0].anchors
    assert again.tracks[0].unsound == plan.tracks[0].unsound == (Span(10, 44),)


def test_what_grows_does_so_where_frames_are_left_out_and_in_the_file(analysis: Analysis, tmp_path: Path) -> None:
    (diagnosis,) = analysis.diagnoses
    growing = replace(diagnosis.findings[1], rises=12)
    judgement = Judgement("regenerate", "", (Span(24, 26), Span(34, 36)))
    some = replace(analysis, diagnoses=(replace(diagnosis, findings=(growing,), judgement=judgement),))
    plan = _plan(some, treatable=("drift",))
    assert [(t.span, t.rises) for t in plan.treatments] == [(Span(20, 24), 12), (Span(26, 34), 6), (Span(36, 44), 0)]
    dump(plan, tmp_path / "p.json")
    assert load(tmp_path / "p.json").treatments == plan.treatments


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        (("plan",), 9, "version 9"),
        (("clip", "frames"), "48", "clip.frames must be a whole number or a number"),
        (("treatments", 1, "end"), 400, "treatments[1] covers frames 12-400"),
        (("treatments", 0, "strength"), 2.0, 'treatments[0] has "strength" 2'),
        (("treatments", 0, "rises"), -1, 'treatments[0] has "rises" -1'),
        (("treatments", 0, "track"), 3, "belongs to track 3"),
        (("tracks", 0, "end"), 99, "tracks[0] covers frames 4-99"),
        (("tracks", 0, "points"), [[1, 2]], "needs 5 points"),
        (("tracks", 0, "anchors"), [47], "anchors outside"),
        (("tracks", 0, "unsound"), [[4, "6"]], 'as "unsound"'),
        (("tracks", 0, "covered"), [[6, 4]], 'as "covered"'),
        (("span",), None, "span must be an object"),
        (("encode", "crf"), True, "encode.crf must be"),
    ],
)
def test_hand_edits_that_make_no_sense_are_named(analysis: Analysis, tmp_path: Path, where, value, said: str) -> None:
    path = tmp_path / "p.json"
    dump(_plan(analysis), path)
    document = json.loads(path.read_text())
    place = document
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = value
    path.write_text(json.dumps(document))
    with pytest.raises(PlanError) as caught:
        load(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"plan": "one"}'])
def test_files_that_are_no_plan(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(text)
    with pytest.raises(PlanError):
        load(path)
    with pytest.raises(PlanError, match="cannot be read"):
        load(tmp_path / "missing.json")


def test_whom_a_face_belongs_to_is_read_back_and_must_be_in_the_plan(analysis: Analysis, tmp_path: Path) -> None:
    mia = PlannedCharacter("mia", tmp_path / "characters" / "mia", "a key", 0.75)
    (diagnosis,) = analysis.diagnoses
    played = replace(analysis, diagnoses=(replace(diagnosis, character="mia", character_distance=0.31),))
    file = tmp_path / "plan.json"
    dump(_plan(played, characters=(mia, replace(mia, name="tom"))), file)
    read = load(file)
    assert read.characters == (mia,)
    assert (read.tracks[0].character, read.tracks[0].character_distance) == ("mia", 0.31)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"name": "mia"', '"name": "tom"'), encoding="utf-8")
    with pytest.raises(PlanError, match=r"tracks\[0\] belongs to character 'mia'"):
        load(file)


def test_a_plan_of_before_there_were_characters_is_read(analysis: Analysis, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    dump(_plan(analysis), file)
    value = json.loads(file.read_text(encoding="utf-8"))
    del value["characters"]
    for track in value["tracks"]:
        del track["character"], track["character_distance"]
    file.write_text(json.dumps(value), encoding="utf-8")
    assert load(file).characters == () and load(file).tracks[0].character is None


def test_fingerprints_tell_clips_apart(tmp_path: Path) -> None:
    a, b, c = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    a.write_bytes(b"x" * 3_000_000)
    b.write_bytes(b"x" * 2_999_999 + b"y")
    c.write_bytes(b"x" * 3_000_001)
    assert len({fingerprint(p) for p in (a, b, c)}) == 3
