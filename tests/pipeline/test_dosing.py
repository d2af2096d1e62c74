"""How strongly a face is treated, and which treatments are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from facefix.faces import align
from facefix.pipeline.dosing import curves, faded, source_px
from facefix.plan import Plan, PlannedTrack, Treatment
from facefix.types import Span

FRAMES = 60
POINTS = (align.FFHQ_TEMPLATE * 0.5).astype(np.float32)
TRACK = PlannedTrack(3, Span(10, 10 + FRAMES), np.repeat(POINTS[None], FRAMES, 0), np.ones(FRAMES, np.float32), ())


def treatment(start: int, end: int, mode: str = "warp", rises: int = 0) -> Treatment:
    return Treatment(3, mode, Span(start, end), 0.6, 0.5, "", rises=rises)


def planned(track: PlannedTrack, *treatments: Treatment) -> Plan:
    return Plan(Path("clip.mp4"), "", 80, 640, 360, Span(0, 80), "auto", None, None, treatments, (track,))


def test_only_the_growing_curve_rises() -> None:
    full, growing = curves([treatment(20, 60, "drift", rises=16)], TRACK)
    assert full["drift"][10] == 0.5 and growing["drift"][10] < 0.2
    assert full["drift"][45] == growing["drift"][45] == 0.5


def test_a_hand_before_the_face_is_not_painted_over() -> None:
    covered = replace(TRACK, covered=(Span(35, 40),))
    full = curves([treatment(20, 60)], covered)[0]["warp"]
    assert not full[25:30].any() and full[12] > 0.45


def test_what_is_left_to_nobody_is_told() -> None:
    some, other = treatment(20, 30), treatment(45, 55)
    scores = TRACK.scores.copy()
    scores[20:] = 0.1
    assert faded(planned(TRACK, some, other)) == ()
    assert faded(planned(replace(TRACK, scores=scores), some, other)) == (other,)
    tiny = replace(TRACK, points=TRACK.points * np.float32(0.1))
    assert faded(planned(tiny, some, other)) == (some, other)


def test_pixels_of_the_source_are_counted_over_the_whole_track() -> None:
    assert abs(source_px(TRACK) - align.TEMPLATE_PX * 0.5) < 1
    points = TRACK.points.copy()
    points[:5] *= 3
    assert source_px(replace(TRACK, points=points)) == source_px(TRACK)
