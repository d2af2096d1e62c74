"""Which frames are good to go on from, on faces made by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from facefix.faces import appearance
from facefix.faces.mesh import shape
from facefix.pipeline.fitness import large, runs, unfit
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

FRAMES = 40
VIDEO = VideoInfo(0, "h264", None, 640, 360, "yuv420p", 8, Fraction(1, 25), Fraction(25), FRAMES, None, 0, None, ColourTags())
CLIP = ClipInfo(Path("clip.mp4"), "mp4", VIDEO, 0, 0, None)


def _diagnosis(id: int = 0, size: float = 150, findings=(), shut=(), unseen=(), blurred=(), turned=(), start: int = 0):
    points = np.zeros((5, 2), np.float32)
    open_eyes = shape.load().mean.astype(np.float32) * size
    shut_eyes = open_eyes.copy()
    shut_eyes[[159, 386]] = shut_eyes[[145, 374]]
    faces = tuple(
        Face(i, np.zeros(4, np.float32), points, 0.0 if i in unseen else 0.9, shut_eyes if i in shut else open_eyes)
        for i in range(start, FRAMES)
    )
    crisp, yaw = np.full(FRAMES - start, 10.0, np.float32), np.zeros(FRAMES - start, np.float32)
    crisp[[i - start for i in blurred]] = 5
    yaw[[i - start for i in turned]] = 60
    eyes = appearance.eye_opening(np.stack([face.mesh for face in faces]))
    signals = {"crispness": crisp, "yaw": yaw, appearance.EYES: eyes}
    return Diagnosis(Track(id, 0, faces), size, signals, tuple(findings), Judgement("clean", ""))


def _unfit(*diagnoses: Diagnosis, forgiven=()) -> dict[int, str]:
    span = Span(0, FRAMES)
    analysis = Analysis(CLIP, FRAMES, span, (Shot(0, span),), diagnoses, Judgement("clean", ""))
    return {frame: why for frame, why in enumerate(unfit(analysis, span, forgiven)) if why is not None}


def test_each_fault_is_named_in_its_frames_and_others_are_good() -> None:
    found = _unfit(
        _diagnosis(
            findings=[Finding("warp", 0, Span(30, 32), 0.5, "")], shut=(20, 21), unseen=(25,), blurred=(10,), turned=(5,)
        )
    )
    assert found == {
        5: "face turned away", 10: "blurred", 20: "eyes closed", 21: "eyes closed", 25: "face hardly seen",
        30: "warp", 31: "warp",
    }  # fmt: skip


def test_every_large_face_must_be_good_and_a_passer_by_need_not() -> None:
    hero, partner = _diagnosis(0, shut=(3,)), _diagnosis(1, size=120, blurred=(7,))
    passer_by = _diagnosis(2, size=61, shut=range(FRAMES))
    assert set(_unfit(hero, partner, passer_by)) == {3, 7}
    assert [d.track.id for d in large([hero, partner, passer_by])] == [0, 1]


def test_before_a_face_comes_nothing_is_good() -> None:
    assert _unfit(_diagnosis(start=12)) == dict.fromkeys(range(12), "no large face")
    assert len(_unfit(_diagnosis(size=40))) == FRAMES


def test_what_a_repair_may_mend_is_forgiven_and_other_faults_are_not() -> None:
    faults = [Finding("warp", 0, Span(30, 32), 0.5, ""), Finding("collapsed", 0, Span(35, 36), 0.9, "")]
    assert set(_unfit(_diagnosis(findings=faults), forgiven=("warp",))) == {35}
    faults[1] = replace(faults[1], lost=True)
    assert set(_unfit(_diagnosis(findings=faults), forgiven=("warp", "collapsed"))) == {35}, "nothing is left to repair"


def test_runs_of_one_reason_are_told_together() -> None:
    reasons = ["warp", "warp", None, "blurred", "warp"]
    assert runs(reasons, 10) == [(Span(10, 12), "warp"), (Span(13, 14), "blurred"), (Span(14, 15), "warp")]
