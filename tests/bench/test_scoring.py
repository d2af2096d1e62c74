"""Scores of findings made by hand, whose answers are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facefix.bench import tables
from facefix.bench.cases import Case, Dose, Label
from facefix.bench.faults import COLLAPSED
from facefix.bench.scoring import (
    ANY,
    NONE,
    Outcome,
    called,
    confusion,
    false_findings,
    frame_scores,
    rank_correlation,
    summary,
    verdicts,
)
from facefix.types import Finding, Span

FRAMES = 100


def outcome(
    *labels: tuple[str, float, int, int], found: tuple[tuple[str, float, int, int], ...] = (),
    confuser: str | None = None, verdict: Any = "repair",
) -> Outcome:  # fmt: skip
    """Labels and findings as (variant or mode, severity, start, end)."""
    kind: Any = ("confuser" if confuser else "clean") if not labels else "single" if len(labels) == 1 else "mixture"
    case = Case(kind, "fit", Path("a.mp4"), 0, tuple(Dose(label[0], label[1]) for label in labels), confuser)
    truth = tuple(Label(variant, severity, Span(start, end)) for variant, severity, start, end in labels)
    findings = tuple(Finding(mode, 0, Span(start, end), severity, "") for mode, severity, start, end in found)
    return Outcome(case, truth, FRAMES, 25.0, findings, verdict, 2.0)


def test_recall_and_precision_count_frames() -> None:
    # 20 damaged frames, 15 of them among 25 claimed
    seen = outcome(("waxy", 0.6, 40, 60), found=(("waxy", 0.5, 45, 70),))
    scores = frame_scores([seen], "waxy")
    assert scores["recall"] == pytest.approx(15 / 20)
    assert scores["precision"] == pytest.approx(15 / 25)
    assert scores["recall_mild"] is None
    visible = seen.truth("waxy") >= 0.3
    assert 10 < visible.sum() < 20
    assert scores["recall_visible"] == pytest.approx(visible[45:].sum() / visible.sum())
    assert frame_scores([seen], "warp")["recall"] is None


def test_another_mode_is_no_hit_but_damage_all_the_same() -> None:
    seen = [outcome(("warp", 0.9, 10, 30), found=(("flicker", 0.5, 10, 30),))]
    assert frame_scores(seen, "warp")["recall"] == 0
    assert frame_scores(seen, "flicker")["precision"] == 0
    assert frame_scores(seen, ANY) == {"recall": 1.0, "recall_visible": 1.0, "precision": 1.0, "recall_mild": None}


def test_mild_faults_count_apart() -> None:
    seen = [outcome(("drift", 0.3, 20, 100), found=(("drift", 0.4, 60, 100),)), outcome(("drift", 0.9, 20, 100))]
    scores = frame_scores(seen, "drift")
    assert scores["recall_mild"] == pytest.approx(0.5)
    assert scores["recall"] == 0 and scores["precision"] is None


def test_a_collapsed_face_may_be_called_anything() -> None:
    seen = [outcome((COLLAPSED, 0.9, 20, 40), found=(("waxy", 0.9, 10, 40),))]
    assert frame_scores(seen, "waxy")["precision"] == 0  # the 10 frames before it are claimed wrongly
    assert frame_scores([outcome((COLLAPSED, 0.9, 20, 40), found=(("waxy", 0.9, 20, 40),))], "waxy")["precision"] is None
    assert frame_scores(seen, ANY)["precision"] == pytest.approx(20 / 30)


def test_mixtures_need_both() -> None:
    seen = [outcome(("warp", 0.6, 10, 20), ("waxy", 0.6, 15, 35), found=(("waxy", 0.5, 10, 35),))]
    assert frame_scores(seen, "waxy")["recall"] == 1
    assert frame_scores(seen, "waxy")["precision"] == pytest.approx(20 / 25)
    assert frame_scores(seen, "warp")["recall"] == 0
    assert frame_scores(seen, ANY)["precision"] == 1


def test_a_fault_is_called_what_most_of_it_was_put_down_to() -> None:
    both = outcome(("flicker", 0.6, 10, 50), found=(("warp", 0.9, 10, 20), ("flicker", 0.4, 15, 60)))
    assert called(both, both.labels[0]) == "flicker"
    beside = outcome(("flicker", 0.6, 10, 50), found=(("warp", 0.9, 60, 70),))
    assert called(beside, beside.labels[0]) == NONE
    mild = outcome(("warp", 0.3, 10, 50), found=(("warp", 0.9, 10, 50),))
    named = outcome((COLLAPSED, 0.75, 10, 50), found=((COLLAPSED, 0.9, 10, 50),))
    table = confusion([both, beside, mild, named, outcome(found=(("warp", 0.9, 0, 5),))])
    assert table["flicker"] == {"flicker": 1, NONE: 1}
    assert table[COLLAPSED] == {COLLAPSED: 1}
    assert not table["warp"]


def test_rank_correlation() -> None:
    def rows(*found: float) -> list[Outcome]:
        pairs = zip((0.3, 0.5, 0.75, 0.9), found, strict=True)
        return [outcome(("waxy", s, 10, 40), found=(("waxy", f, 12, 30),) if f else ()) for s, f in pairs]

    assert rank_correlation(rows(0.0, 0.4, 0.5, 0.8), "waxy") == pytest.approx(1)
    assert rank_correlation(rows(0.8, 0.5, 0.4, 0.0), "waxy") == pytest.approx(-1)
    assert rank_correlation(rows(0.0, 0.0, 0.0, 0.0), "waxy") is None
    assert rank_correlation(rows(0.1, 0.2, 0.3, 0.4), "warp") is None


def test_findings_on_clean_footage_are_counted_per_minute() -> None:
    made_up = outcome(confuser="hand", found=(("warp", 0.5, 0, 9), ("waxy", 0.4, 20, 30)), verdict="regenerate")
    table = false_findings([made_up, outcome(confuser="hand", verdict="clean"), outcome(verdict="clean"),
                            outcome(("warp", 0.9, 0, 9), found=(("warp", 0.9, 0, 9),))])  # fmt: skip
    assert list(table) == ["clean", "hand", "all"]
    assert table["hand"]["per_minute"] == pytest.approx(2 / (200 / 25 / 60))
    assert table["hand"]["modes"] == {"warp": 1, "waxy": 1} and table["hand"]["regenerate"] == 1
    assert table["clean"]["per_minute"] == 0
    assert table["all"]["minutes"] == pytest.approx(300 / 25 / 60)


def test_verdicts_tell_collapse_apart() -> None:
    seen = [outcome((COLLAPSED, 0.9, 0, 9), verdict="regenerate"), outcome((COLLAPSED, 0.3, 0, 9)), outcome(verdict="clean")]
    assert verdicts(seen) == {"clean": {"clean": 1}, "collapsed": {"regenerate": 1}, "collapsed, mild": {"repair": 1}}


def test_the_tables_say_what_the_summary_holds() -> None:
    seen = [
        outcome(("waxy", 0.6, 40, 60), found=(("waxy", 0.5, 45, 70),)),
        outcome(("waxy", 0.9, 40, 60), found=(("odd", 0.9, 40, 60),)),
        outcome(confuser="hand", found=(("warp", 0.5, 0, 9),)),
    ]
    told = summary(seen)
    assert told["fps"] == pytest.approx(50)
    text = "\n".join(tables.lines("fit", told))
    assert "3 cases from 1 clips" in text and "50.0 frames per second" in text
    waxy = next(line.split() for line in text.splitlines() if line.strip().startswith("waxy"))
    assert waxy[1:3] == ["38", "%"]  # 15 of 40 frames
    header, row = (next(line for line in text.splitlines() if line.strip().startswith(s)) for s in ("single faults", "waxy   "))
    assert "odd" in header and row
    assert any(line.split()[:4] == ["hand", "0.07", "1", "15.0"] for line in text.splitlines())
    assert "nan" not in text


def test_curves_of_overlapping_faults_take_the_worse() -> None:
    both = outcome(("waxy", 0.6, 0, 60), ("waxy", 0.9, 20, 80))
    assert both.truth("waxy")[50] == pytest.approx(0.9)
    assert np.array_equal(both.truth(ANY), both.truth("waxy"))
