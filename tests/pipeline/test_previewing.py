"""Which seconds a preview shows, and what it says the whole takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.clips import moving, write_clip
from tests.plans import plan_for

from facefix import pipeline
from facefix.cli import main
from facefix.media.probe import probe
from facefix.pipeline import previewing
from facefix.plan import Plan
from facefix.settings import Settings
from facefix.types import Analysis, Diagnosis, Face, Finding, Judgement, Shot, Span, Track


def _run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def _analysis(clip: Path, frames: int, *findings: Finding, span: Span | None = None) -> Analysis:
    box, points = np.array([0, 0, 9, 9], np.float32), np.zeros((5, 2), np.float32)
    track = Track(0, 0, tuple(Face(frame, box, points, 0.9) for frame in range(frames)))
    judgement = Judgement("repair" if findings else "clean", "so it is.")
    diagnosis = Diagnosis(track, 9.0, {}, findings, judgement)
    whole = Span(0, frames)
    return Analysis(probe(clip), frames, span or whole, (Shot(0, whole),), (diagnosis,), judgement)


def _finding(mode: str, start: int, end: int, severity: float) -> Finding:
    return Finding(mode, 0, Span(start, end), severity, "because.")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "a.mp4", moving(12))


def test_the_worst_frames_are_those_of_the_worst_findings(clip: Path) -> None:
    warp, wax = _finding("warp", 40, 58, 0.7), _finding("waxy", 150, 200, 0.4)
    assert previewing.worst(_analysis(clip, 240, warp), 72) == Span(20, 92)
    assert previewing.worst(_analysis(clip, 240, warp, wax), 72).start in range(128, 151)
    assert previewing.worst(_analysis(clip, 240, warp, wax), 20) == Span(39, 59)
    assert previewing.worst(_analysis(clip, 50, _finding("warp", 40, 50, 0.7)), 72) == Span(0, 50)
    hopeless = replace(_finding("collapsed", 100, 130, 0.9), lost=True)
    assert 40 in previewing.worst(_analysis(clip, 240, hopeless, _finding("warp", 40, 44, 0.3)), 24)


def test_the_plan_of_the_part_keeps_what_lies_in_it(clip: Path) -> None:
    whole = plan_for(clip, 12, "flicker", "warp")
    part = previewing.cut(whole, Span(3, 7))
    assert part.span == Span(3, 7)
    assert [t.span for t in part.treatments] == [Span(3, 7), Span(3, 7)]
    assert part.tracks == whole.tracks


def test_a_long_clip_is_looked_at_in_parts(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ranges: list[str | None] = []

    def analyse(path: Path, settings: Settings, **_: object) -> Analysis:
        ranges.append(settings.range)
        return _analysis(path, 12)

    monkeypatch.setattr(previewing, "analyse", analyse)
    monkeypatch.setattr(previewing, "_WHOLE_S", 0.4)
    monkeypatch.setattr(previewing, "_PART_S", 0.2)
    seen = previewing.preview(clip, clip.with_name("p.mp4"), Settings())
    assert len(ranges) == 6 and ranges[0] == "0.00s-0.20s" and ranges[-1] == "0.28s-0.48s"
    assert seen.out is None
    previewing.preview(clip, clip.with_name("p.mp4"), Settings(range="2-5"))
    assert ranges[6:] == ["2-5"]


def test_a_clip_without_a_fault_has_no_preview(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(clip, "--preview") == 0
    assert "nothing to repair; no preview was written." in capsys.readouterr().out
    assert [path.name for path in clip.parent.iterdir()] == ["a.mp4"]
    assert _run(clip, "--preview", "--plan", "p.json") == 2


def test_the_preview_is_a_comparison_of_the_part(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = _analysis(clip, 12, _finding("flicker", 2, 8, 0.7))

    def plan(analysis: Analysis, settings: Settings) -> Plan:
        return previewing.cut(plan_for(clip, 12, "flicker"), Span(2, 8))

    monkeypatch.setattr(previewing, "analyse", lambda *_, **__: found)
    monkeypatch.setattr(previewing, "plan", plan)
    monkeypatch.setattr(previewing, "WORST_S", 0.24)
    assert _run(clip, "--preview", "--compare-as", "wipe") == 0
    said = capsys.readouterr().out
    out = clip.with_name("a_preview.mp4")
    assert f"the worst 6 frames are 2-8 (00:00:00:02-00:00:00:08): {out}" in said
    assert "the whole run would take about" in said
    info = probe(out).video
    assert info.declared_frames == 6 and info.width == 96 and info.height > 64
    assert sorted(path.name for path in clip.parent.iterdir()) == ["a.mp4", "a_preview.mp4"]
    assert _run(clip, "--preview") == 1
    assert "exists already" in capsys.readouterr().err
    assert pipeline.preview is previewing.preview
