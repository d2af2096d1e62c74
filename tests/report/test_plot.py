"""What a reader finds in the picture, asked of the figure before it becomes pixels."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from facefix.report import plot
from facefix.types import (
    Analysis,
    ClipInfo,
    ColourTags,
    Diagnosis,
    Face,
    Finding,
    Judgement,
    Shot,
    Span,
    Track,
    VideoInfo,
)

VIDEO = VideoInfo(0, "h264", None, 640, 360, "yuv420p", 8, Fraction(1, 12800), Fraction(24), 120, None, 0, None, ColourTags())
JUDGEMENT = Judgement("regenerate", "collapsed for 0.8 s.", (Span(60, 78),))


def _diagnosis(id: int = 0, *findings: Finding) -> Diagnosis:
    faces = tuple(Face(20 + i, np.zeros(4, np.float32), np.zeros((5, 2), np.float32), 0.9) for i in range(100))
    wave = np.linspace(1, 5, 100, dtype=np.float32)
    gap = wave.copy()
    gap[30:40] = np.nan
    sparse = np.full(100, np.nan, np.float32)
    sparse[::6] = 0.3
    return Diagnosis(
        Track(id, 0, faces), 88.0, {"shape_warp": gap, "boil": wave, "identity_distance": sparse}, findings, JUDGEMENT
    )


def _analysis(*diagnoses: Diagnosis) -> Analysis:
    clip = ClipInfo(Path("costs $5 - caf\u00e9.mp4"), "mov", VIDEO, 0, 0, Fraction(5))
    return Analysis(clip, 120, Span(0, 120), (Shot(0, Span(0, 120)),), diagnoses, JUDGEMENT)


FINDINGS = (Finding("warp", 0, Span(30, 44), 0.72, "why."), Finding("collapsed", 0, Span(60, 78), 1.0, "why."))


def _axes(figure):
    return [axis for part in figure.subfigs for axis in part.axes]


def test_a_lane_a_mode_and_a_bar_a_finding_where_it_is() -> None:
    lanes = _axes(plot.figure(_analysis(_diagnosis(0, *FINDINGS))))[0]
    assert [label.get_text() for label in lanes.get_yticklabels()] == ["warp", "collapsed", "regenerate"]
    bars = {(round(bar.get_x()), round(bar.get_width()), round(bar.get_y() + 0.4)) for bar in lanes.patches}
    assert bars == {(30, 14, 0), (60, 18, 1), (60, 18, 2)}
    assert {text.get_text().strip() for text in lanes.texts} == {"warp 0.72", "collapsed 1.00", "60-78"}


def test_signals_lie_on_source_frames_with_gaps_where_nothing_was_measured() -> None:
    read, _, _, _, detail, identity, *_ = _axes(plot.figure(_analysis(_diagnosis(0, *FINDINGS))))[1:]
    (line,) = read.get_lines()
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    assert (x[0], x[-1]) == (20.5, 119.5)
    assert np.isnan(y[30:40]).all() and np.isfinite(y[:30]).all()
    (points,) = identity.get_lines()
    assert len(np.asarray(points.get_xdata())) == 17
    assert points.get_marker() == "o"
    assert [text.get_text() for text in detail.texts] == ["not measured"]


def test_a_finding_is_marked_strongly_only_where_its_signal_is() -> None:
    read, _, _, boil, *_ = _axes(plot.figure(_analysis(_diagnosis(0, FINDINGS[0]))))[1:]
    (strong,), (weak,) = read.patches, boil.patches
    assert strong.get_alpha() > 3 * weak.get_alpha()
    assert strong.get_x() == 30 and strong.get_width() == 14


def test_frames_below_and_seconds_above() -> None:
    figure = plot.figure(_analysis(_diagnosis(0, *FINDINGS)))
    figure.draw_without_rendering()
    (seconds,) = _axes(figure)[0].child_axes
    assert seconds.get_xlim() == pytest.approx((20 / 24, 5.0))
    assert _axes(figure)[0].get_xlim() == (20, 120)


def test_of_a_crowd_those_worst_off_are_drawn_and_the_rest_is_counted() -> None:
    crowd = [_diagnosis(i, replace(FINDINGS[0], severity=0.3 + 0.05 * i)) for i in range(plot.MOST_FACES + 2)]
    figure = plot.figure(_analysis(*crowd))
    assert len(figure.subfigs) == plot.MOST_FACES
    assert figure.subfigs[0].get_suptitle().startswith("face 2:")
    assert "2 more faces are not drawn" in figure.get_suptitle()


@pytest.mark.parametrize("faces", [0, 1])
def test_the_file_is_a_picture(faces: int) -> None:
    png = plot.png(_analysis(*[_diagnosis(i, *FINDINGS) for i in range(faces)]))
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[1] == 1300
    assert picture.std() > 1
