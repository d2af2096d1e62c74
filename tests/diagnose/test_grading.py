"""Severity by what is reached in a finding's frames."""

from __future__ import annotations

import numpy as np
import pytest
from tests.diagnose.modes.talking import FPS, LENGTH, clean, track

from facefix.diagnose import grading
from facefix.diagnose.modes import MODES, find_all
from facefix.diagnose.spans import VISIBLE
from facefix.types import Finding, Span

SPAN = Span(60, 90)
ROW = grading.parse(
    {
        "bias": 0.6,
        "terms": {
            "severity": {"mean": 0.5, "scale": 0.5, "weight": 0.1},
            "reached tint": {"mean": 5, "scale": 4, "weight": 0.2},
            "above tint": {"mean": 2, "scale": 4, "weight": 0.1},
        },
    }
)


def tinted(level: float, span: Span = SPAN, severity: float = 0.5) -> tuple[Finding, dict[str, np.ndarray]]:
    signals = clean()
    signals["tint"] = np.full(LENGTH, 1.0, np.float32)
    signals["tint"][span.start : span.end] = level
    return Finding("waxy", -1, span, severity, "", {}), signals


def test_a_finding_is_as_severe_as_what_is_reached_in_its_frames() -> None:
    assert ROW.severity(*tinted(5.0), FPS) == pytest.approx(0.6 + 0.1 * (5 - 1 - 2) / 4)
    assert ROW.severity(*tinted(7.0, severity=1.0), FPS) == pytest.approx(0.6 + 0.1 + 0.2 * 2 / 4 + 0.1)
    finding, signals = tinted(5.0)
    signals["tint"][70] = 100  # one frame does not speak for thirty
    assert ROW.severity(finding, signals, FPS) == pytest.approx(0.65)


def test_what_cannot_be_told_counts_as_usual() -> None:
    finding, signals = tinted(9.0, Span(0, LENGTH))
    assert ROW.severity(finding, signals, FPS) == pytest.approx(0.8)  # nothing beside it to be above
    signals["tint"][:] = np.nan
    assert ROW.severity(finding, signals, FPS) == pytest.approx(0.6)


def test_what_was_found_is_visible_and_at_most_ruined() -> None:
    assert ROW.severity(*tinted(60.0), FPS) == 1
    assert ROW.severity(*tinted(-20.0), FPS) == VISIBLE


def test_the_table_that_is_brought_along_grades_by_what_is_there() -> None:
    signals = clean()
    for mode in MODES:
        row = grading.of(mode)
        for term in row.terms if row else ():
            assert np.isfinite(grading.value(term, Finding(mode, -1, SPAN, 0.5, "", {}), signals, FPS)), (mode, term)


@pytest.mark.parametrize(("mode", "name", "levels"), [("warp", "unforeseen", (5, 60, 250)), ("waxy", "wax", (0.6, 0.68, 0.76))])
def test_more_of_it_is_worse(mode: str, name: str, levels: tuple[float, ...]) -> None:
    row, told = grading.of(mode), []
    assert row is not None
    for level in levels:
        signals = clean()
        signals[name] = np.full(LENGTH, 0.3 if name == "wax" else 0.0, np.float32)
        signals[name][SPAN.start : SPAN.end] = level
        if mode == "warp":
            signals["smear"][SPAN.start : SPAN.end] = 0.3  # looks show every warp that is found, if it is mild
        told.append(row.severity(Finding(mode, -1, SPAN, 0.6, "", {}), signals, FPS))
    assert told == sorted(set(told)) and told[-1] - told[0] > 0.2


def test_collapses_speak_for_themselves() -> None:
    assert grading.of("collapsed") is None


def test_findings_are_graded_whatever_the_prior_says() -> None:
    signals = clean()
    signals["wax"] = np.full(LENGTH, 0.05, np.float32)
    signals["wax"][SPAN.start : SPAN.end] = 0.6
    row, (raw,) = grading.of("waxy"), MODES["waxy"].find(signals, FPS)
    assert row is not None
    severity = row.severity(raw, signals, FPS)
    (found,), (likely,) = (find_all(track(), signals, FPS, priors) for priors in (None, {"waxy": 1.2}))
    assert found.severity == pytest.approx(severity) and VISIBLE < severity < 0.6
    assert likely.severity > severity
