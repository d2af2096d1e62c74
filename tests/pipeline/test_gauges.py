"""Gauges fall with help, rise with harm, and look at a bounded number of frames."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from tests.repair.faces import face, mesh, meshes, moved, turning

from facefix.pipeline import gauges, proof
from facefix.pipeline.gauges import Gauge, Instruments, Subject
from facefix.plan import Treatment
from facefix.repair.cures import Sight
from facefix.types import Span

FRAMES = 16
INSTRUMENTS = Instruments("cpu")


def subject(mode: str, *, anchored: bool = True, span: Span | None = None) -> Subject:
    span = span or Span(0, FRAMES)
    anchors = (Sight(0, face(), mesh()),) if anchored else ()
    return Subject(Treatment(0, mode, span, 0.6, 0.6, ""), anchors, range(span.start, span.end), INSTRUMENTS)


def started(measure: proof.Measure, mode: str, span: Span | None = None) -> Gauge:
    """With sound frames, or, where the measure is for faces without, with none."""
    some = (measure.start(subject(mode, anchored=anchored, span=span)) for anchored in (True, False))
    return next(gauge for gauge in some if gauge is not None)


def read(gauge: Gauge | None, before: list[np.ndarray], after: list[np.ndarray], moved_px: float = 0) -> tuple[float, float]:
    """moved_px: how far the face is moved by what is done to it."""
    assert gauge is not None
    path, shift = meshes(len(before)), np.float32([moved_px, moved_px, 0])
    for frame in gauge.frames:
        gauge.push(Sight(frame, before[frame], path[frame]), Sight(frame, after[frame], path[frame] + shift))
    told = gauge.read()
    assert told is not None
    return told


def flickering(crops: list[np.ndarray], share: float = 0.05) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    return [np.clip(crop * (1 + share * rng.standard_normal()), 0, 1).astype(np.float32) for crop in crops]


def blurred(crops: list[np.ndarray]) -> list[np.ndarray]:
    return [cv2.GaussianBlur(crop, (0, 0), 1.5) for crop in crops]


def sharpened(crops: list[np.ndarray]) -> list[np.ndarray]:
    return [np.clip(3 * c - 2 * b, 0, 1) for c, b in zip(crops, blurred(crops), strict=True)]


@pytest.mark.parametrize(
    ("mode", "spoil"), [("flicker", flickering), ("waxy", blurred), ("waxy", sharpened)], ids=["flicker", "blur", "ringing"]
)
def test_harm_and_help_are_told_apart(mode: str, spoil: Callable) -> None:
    measure, sound = proof.MEASURES[mode][0], turning(FRAMES)
    spoilt = spoil(sound)
    for before, after in ((sound, spoilt), (spoilt, sound), (sound, sound)):
        told = proof.Measured(subject(mode).treatment, measure, *read(measure.start(subject(mode)), before, after))
        assert (told.worse, told.improved) == (after is spoilt, before is spoilt)


@pytest.mark.parametrize("mode", proof.MEASURES)
def test_a_quarter_of_a_pixel_and_rounding_are_neither(mode: str) -> None:
    sound = turning(FRAMES)
    after = [(np.round(moved(crop, 0.25, 0.25) * 255) / 255).astype(np.float32) for crop in sound]
    for measure in proof.MEASURES[mode]:
        told = read(started(measure, mode), sound, after, 0.25)
        assert abs(told[1] - told[0]) < measure.tolerance(told[0])


def test_another_face_is_less_alike() -> None:
    sound = turning(FRAMES)
    stretched = [cv2.resize(crop, (256, 320))[32:288] for crop in sound]
    before, after = read(gauges.Likeness.start(subject("warp")), sound, stretched)
    assert after > before + proof.MEASURES["warp"][0].tolerance(before)


def test_a_jump_over_missing_frames_is_none() -> None:
    gauge = gauges.Unsteadiness(Span(0, FRAMES))
    for frame in (0, 1, 4, 5, 8):
        gauge.push(*(Sight(frame, crops[frame], mesh()) for crops in (turning(FRAMES), flickering(turning(FRAMES)))))
    assert gauge.read() is None


def test_without_anchors_the_next_measure_serves_or_none() -> None:
    (unseen,) = proof.Exam([subject("warp").treatment], (), (), INSTRUMENTS).results()
    assert unseen.measure is None
    assert unseen.proof(True).sentence.startswith("Frames 0-16: warp left as it was, for the face is too small")
    assert "warp repaired, not measured" in proof.Measured(unseen.treatment, None).proof(True).sentence
    exam = proof.Exam([subject("waxy").treatment], (), (), INSTRUMENTS)
    for frame, crop in enumerate(turning(FRAMES)):
        exam.see("waxy", *(Sight(frame, crop, mesh()) for _ in range(2)))
    (result,) = exam.results()
    assert (
        result.measure is proof.MEASURES["waxy"][-1]
        and not result.measure.decisive
        and result.before == pytest.approx(result.after, abs=1e-5)
    )


def shown(before: np.ndarray, after: np.ndarray) -> proof.Measured:
    """What an exam of wax says, where the sound frames are `face()`."""
    asked = subject("waxy")
    exam = proof.Exam([asked.treatment], asked.anchors, asked.samples, INSTRUMENTS)
    for frame in range(FRAMES):
        exam.see("waxy", *(Sight(frame, crop, mesh()) for crop in (before, after)))
    (told,) = exam.results()
    return told


def test_skin_as_rough_as_that_of_the_sound_frames_is_told_by_wax_and_harm_by_texture() -> None:
    sound, (soft,) = face(), blurred([face()])
    plain = shown(soft, sound)
    assert plain.measure is not None and (plain.measure.name, plain.improved) == ("texture distance", True)
    alike = shown(sound, sound)
    assert alike.measure is not None and alike.measure.name == "wax" and alike.idle
    harm = shown(sound, soft)
    assert harm.measure is not None and (harm.measure.name, harm.worse) == ("texture distance", True)


def test_an_exam_recalls_what_all_its_gauges_told() -> None:
    asked, (soft,) = subject("waxy"), blurred([face()])
    first, second = (proof.Exam([asked.treatment], asked.anchors, asked.samples, INSTRUMENTS) for _ in range(2))
    for frame in range(FRAMES):
        first.see("waxy", *(Sight(frame, crop, mesh()) for crop in (face(), soft if frame % 2 else face())))
    second.recall(first.told(Span(0, FRAMES)))
    assert second.told(Span(0, FRAMES)) == first.told(Span(0, FRAMES))
    assert len(first.told(Span(0, FRAMES))[0]["gauged"]) == 2
    (one,), (other,) = first.results(), second.results()
    assert (one.measure, one.before, one.after) == (other.measure, other.before, other.after)


@pytest.mark.parametrize("length", [1, 3, 30, 48, 49, 100, 5000])
@pytest.mark.parametrize("mode", proof.MEASURES)
def test_some_dozens_of_frames_at_most_and_all_inside(mode: str, length: int) -> None:
    span = Span(7, 7 + length)
    for measure in proof.MEASURES[mode]:
        gauge = started(measure, mode, span)
        frames = list(gauge.frames)
        assert 0 < len(frames) <= 48 and frames == sorted(set(frames)) and all(frame in span for frame in frames)
