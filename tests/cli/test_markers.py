"""`--markers` from outside."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from tests.clips import Recipe, moving, write_clip
from tests.plans import plan_for

from facefix import pipeline
from facefix.cli import main
from facefix.media.probe import probe
from facefix.plan import dump
from facefix.types import Analysis, Judgement, Shot, Span

SHORT = Path(__file__).parents[2] / "samples" / "astronaut_short.mp4"


def _run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.fixture
def past_saving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames 2-5 of every clip are to be made anew."""

    def analyse(clip: Path, *_: object, **__: object) -> Analysis:
        judgement = Judgement("regenerate", "face 0: collapsed.", (Span(2, 5),))
        return Analysis(probe(clip), 12, Span(0, 12), (Shot(0, Span(0, 12)),), (), judgement)

    monkeypatch.setattr(pipeline, "analyse", analyse)


def _marks(path: Path) -> list[tuple[str, int, int]]:
    (clip,) = otio.adapters.read_from_file(str(path)).find_clips()
    spans = [(m.name, m.marked_range.start_time.to_frames(), m.marked_range.duration.to_frames()) for m in clip.markers]
    return spans


def test_each_clip_of_a_folder_has_its_markers(tmp_path: Path, past_saving: None, capsys: pytest.CaptureFixture[str]) -> None:
    shots, marks = tmp_path / "shots", tmp_path / "marks"
    (shots / "sub").mkdir(parents=True)
    for path in (shots / "a.mp4", shots / "sub" / "a.mp4"):
        write_clip(path)
    assert _run("inspect", shots, "--markers", marks) == 0
    assert sorted(path.relative_to(marks).as_posix() for path in marks.rglob("*.otio")) == ["a.otio", "sub/a.otio"]
    assert _marks(marks / "sub" / "a.otio") == [("regenerate these frames", 2, 3)]
    assert _run("inspect", shots, "--markers", f"{marks}/{{clip}}.edl") == 0
    assert "* LOC: 00:00:00:02 GREEN   REGENERATE" in (marks / "a.edl").read_text()
    assert _run("inspect", shots, "--markers", marks) == 1
    assert "a.otio: exists already" in capsys.readouterr().err
    assert _run("inspect", shots, "--markers", marks / "all.otio") == 2
    assert "several clips need a folder, or {clip} in the name" in capsys.readouterr().err
    assert _run("inspect", shots / "a.mp4", "--markers", marks / "a.txt") == 2


def test_two_clips_never_share_a_file(tmp_path: Path, past_saving: None, capsys: pytest.CaptureFixture[str]) -> None:
    clips = [write_clip(tmp_path / name) for name in ("a.mp4", "a.mov")]
    assert _run("inspect", *clips, "--markers", tmp_path / "marks", "-y") == 3
    assert "as those of" in capsys.readouterr().err


def test_markers_start_at_the_time_code_of_the_container(tmp_path: Path, past_saving: None) -> None:
    recipe = Recipe(rate=Fraction(24000, 1001), time_base=Fraction(1, 24000), metadata={"timecode": "10:00:00:00"})
    clip = write_clip(tmp_path / "a.mov", moving(12), recipe)
    assert _run("inspect", clip, "--markers", tmp_path / "a.otio") == 0
    first = 36000 * 24
    assert _marks(tmp_path / "a.otio") == [("regenerate these frames", first + 2, 3)]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, past_saving: None, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / "a.mp4", moving(12), Recipe(rate=Fraction(16)))
    assert _run("inspect", clip, "--markers", tmp_path / "marks" / "a.edl") == 1
    assert "cannot count 16 frames per second" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_the_result_of_a_plan_has_its_treatments_as_markers(tmp_path: Path) -> None:
    plan, out, marks = tmp_path / "plan.json", tmp_path / "out.mp4", tmp_path / "out.otio"
    dump(plan_for(SHORT, 24, "flicker"), plan)
    assert _run("fix", SHORT, "--plan", plan, "-o", out, "--markers", marks) == 0
    assert _marks(marks) == [("flicker 0.80 (obvious), face 0", 0, 24)]
    document = json.loads(marks.read_text())
    assert document["tracks"]["children"][0]["children"][0]["media_references"]["DEFAULT_MEDIA"]["target_url"] == out.as_uri()
