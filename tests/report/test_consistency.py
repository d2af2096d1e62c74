"""A comparison as table, JSON and page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.characters.samples import appearing, changed, sampled

from facefix.characters import consistency, people
from facefix.pipeline.analysing import Followed
from facefix.pipeline.comparing import PICTURE_PX, Comparison, Unseen
from facefix.report.consistency import document, lines
from facefix.report.html.consistency import html
from facefix.report.schema import dumps
from facefix.types import ClipInfo, ColourTags, Span, VideoInfo

NAMES = ("one.mp4", "two.mp4", "three.mp4", "<odd>.mp4")
VIDEO = VideoInfo(0, "h264", None, 640, 360, "yuv420p", 8, Fraction(1, 25), Fraction(25), 9, None, 0, None, ColourTags())


def _comparison(clips: int = 4, reference: int | None = None) -> Comparison:
    """One person in all clips, far off in the last; a second person in the first clip only; a face that is too small."""
    followed = [
        Followed(ClipInfo(Path(name), "mp4", VIDEO, 0, 0, None), 9, Span(0, 9), (), (), ("cut short.",) if not i else ())
        for i, name in enumerate(NAMES[:clips])
    ]
    sound = [sampled(1, seed=seed) for seed in range(clips)]
    sound[-1] = changed(sound[-1], "nose width", 0.75, tone=(-10, 12, 20))
    faces = [appearing(samples, clip) for clip, samples in enumerate(sound)]
    faces += [appearing(sampled(2), 0, track=1), appearing((), 1, track=5)]
    groups = people.together(faces)
    return Comparison(
        clips=tuple(followed),
        reference=reference,
        people=tuple(consistency.person(group, reference) for group in groups),
        doubts=tuple(people.doubts(groups)),
        unmeasured=tuple(face for face in faces if not face.samples),
    )


def test_the_table_says_who_where_and_which_to_make_anew() -> None:
    text = "\n".join(lines(_comparison()))
    assert "person 1: 4 clips" in text and "person 2: one.mp4 only" in text
    assert re.search(r"regenerate <odd>\.mp4 \(person 1\): departure .*narrower", text.replace("\n", " "))
    assert text.count("limit") == 1
    assert "not measurable: two.mp4, face 5" in text


def test_without_a_reference_two_clips_blame_nobody() -> None:
    text = "\n".join(lines(_comparison(clips=2)))
    assert "--reference" in text and "regenerate: none" in text
    assert "regenerate two.mp4" in "\n".join(lines(_comparison(clips=2, reference=0)))


def test_the_document_has_what_the_table_has() -> None:
    told = json.loads(dumps(document(_comparison())))
    assert told["schema"] == 1 and [clip["path"] for clip in told["clips"]] == list(NAMES)
    first = told["people"][0]
    assert first["character"] is None and len(first["distances"]) == 4
    assert [clip["regenerate"] for clip in first["clips"]] == [False, False, False, True]
    assert first["clips"][3]["measures"]["nose width"] == pytest.approx(-25, abs=2)
    assert [(one["clip"], one["person"]) for one in told["regenerate"]] == [(3, 1)]
    assert told["people"][1]["clips"][0]["departure"] is None
    assert told["not_measurable"] == [{"clip": 1, "track": 5}] and told["warnings"] == ["cut short."]


def test_a_character_has_its_name_and_is_held_against_its_pictures() -> None:
    faces = [appearing(sampled(1, seed=seed), seed) for seed in range(2)]
    faces[1] = appearing(changed(faces[1].samples, "nose width", 0.7, tone=(-10, 12, 20)), 1)
    mia = consistency.person(faces, character="mia", pictures=sampled(1, count=3, seed=7))
    found = replace(_comparison(clips=2, reference=0), people=(mia,), doubts=(), unseen=(Unseen("tom", 0, 0.62),))
    text = "\n".join(lines(found)).replace("\n", " ")
    assert "mia: 2 clips, held against the pictures" in text and "regenerate two.mp4: departure" in text
    assert "reference" not in text and "tom: in none of the clips; nearest is mia" in text
    told = json.loads(dumps(document(found)))
    assert told["people"][0]["character"] == "mia" and told["regenerate"][0]["character"] == "mia"
    assert told["unseen"] == [{"character": "tom", "nearest": 1, "distance": 0.62}]
    grey = np.full((PICTURE_PX, PICTURE_PX, 3), 90, np.uint8)
    shown = {(one.clip, at.track, at.frame): grey for one in mia.appearances for at in (one.best, one.worst)}
    assert "mia, the portrait" in html(found, shown, {"mia": grey})


def test_the_page_shows_every_clip_and_escapes_names() -> None:
    found = _comparison()
    grey = np.full((PICTURE_PX, PICTURE_PX, 3), 90, np.uint8)
    shown = {
        (one.clip, place.track, place.frame): grey
        for person in found.people
        for one in person.appearances
        for place in (one.best, one.worst)
    }
    text = html(found, shown)
    assert text.count("<article") == 5 and text.count("data:image/jpeg") == 10
    assert "<odd>" not in text and "&lt;odd&gt;.mp4" in text
    assert text.count('card" data-off="true"') == 1
