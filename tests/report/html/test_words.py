from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.clips import write_clip
from tests.report.html import pages

from facefix.report.html import words
from facefix.report.schema import outcome
from facefix.types import Judgement


def test_what_was_found_and_done_is_said_in_sentences(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", pages.pictures(pages.BEFORE))
    found = pages.analysis(clip)
    told = words.summary(found, outcome(pages.report(clip, clip)))
    assert told[0].startswith("2 faces. Found: ")
    assert "Face 0 is worst in frames 14-20 (00:00:00:14-00:00:00:20): collapsed, severity 0.90." in told
    assert "5 of 24 frames were repaired; the rest of the picture was left alone." in told
    assert told[-1] == "2 repairs, measured before and after: 1 better, 1 taken back."
    nobody = replace(found, diagnoses=(), judgement=Judgement("clean", "no face."))
    assert words.summary(nobody, None) == ["No face was found."]


def test_an_enlarged_clip_is_not_said_to_be_unchanged_outside(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", pages.pictures(pages.BEFORE))
    enlarged = replace(pages.report(clip, clip), scale=2, upscaler="lanczos", size=(640, 360))
    told = " ".join(words.summary(pages.analysis(clip), outcome(enlarged)))
    assert "left alone" not in told and "Enlarged 2 times by lanczos." in told


def test_a_badge_says_what_is_still_to_be_done(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", pages.pictures(pages.BEFORE))
    found = replace(pages.analysis(clip), judgement=Judgement("repair", "warp."))
    told = outcome(pages.report(clip, clip))
    assert words.badge(found, None) == "repair" and words.badge(found, told) == "repaired"
    assert words.badge(found, {**told, "repaired_frames": 0}) == "repair"
    assert words.badge(pages.analysis(clip), told) == "regenerate"


def test_the_fate_of_a_finding_is_that_of_its_own_proofs(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", pages.pictures(pages.BEFORE))
    told = outcome(pages.report(clip, clip))
    assert words.fate(pages.WARP, told) == (words.IMPROVED, ["Frames 4-9: warp repaired."])
    assert words.fate(pages.WAXY, told) == (words.TAKEN_BACK, ["Frames 2-22: waxy left as it was."])
    assert words.fate(pages.COLLAPSE, told) == (words.LEFT, [])
    assert words.fate(pages.WARP, None) == ("", [])
