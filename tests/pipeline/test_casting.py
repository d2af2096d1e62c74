"""Faces of an analysis given to characters: what is found, what the user says, and what nobody may say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.characters.test_bank import look
from tests.faces.people import person, seen

from facefix import Settings
from facefix.characters.bank import Bank, Banked
from facefix.characters.bible import Character, TextAnchors
from facefix.errors import SettingsError
from facefix.media.probe import probe
from facefix.pipeline.casting import cast, planned
from facefix.pipeline.introducing import Person
from facefix.plan import make_plan
from facefix.types import Analysis, ClipInfo, Diagnosis, Finding, Judgement, Shot, Span, Track

SHORT = Path(__file__).resolve().parents[2] / "samples" / "astronaut_short.mp4"
CLEAN = Judgement("clean", "no fault found.")


def known(name: str, seed: int) -> Person:
    view = Banked(replace(look(seed), identity=person(seed)), np.zeros((478, 3), np.float32), np.zeros((5, 2), np.float32))
    return Person(Character(name, Path(name), "", TextAnchors(), ()), Bank(f"key of {name}", (view, view, view)))


MIA, TOM = known("mia", 1), known("tom", 2)


def between(share: float) -> np.ndarray:
    """Somebody on the way from mia to tom."""
    return ((1 - share) * person(1) + share * person(2)).astype(np.float32)


def analysis(*people: np.ndarray | None) -> Analysis:
    clip: Any = ClipInfo(Path("clip.mp4"), "", None, 0, 0, None)  # type: ignore[arg-type]
    tracks = (Track(i, 0, tuple(seen(f, 100.0, identity=who) for f in range(4))) for i, who in enumerate(people))
    diagnoses = tuple(Diagnosis(track, 60.0, {}, (), CLEAN) for track in tracks)
    return Analysis(clip, 4, Span(0, 4), (Shot(0, Span(0, 4)),), diagnoses, CLEAN)


def lasting(who: np.ndarray) -> Analysis:
    """A face of twelve frames, in a clip that can be planned."""
    clip = probe(SHORT)
    track = Track(0, 0, tuple(seen(f, 100.0, identity=who) for f in range(12)))
    return Analysis(clip, 12, Span(0, 12), (Shot(0, Span(0, 12)),), (Diagnosis(track, 60.0, {}, (), CLEAN),), CLEAN)


def names(found: Analysis) -> list[str | None]:
    return [d.character for d in found.diagnoses]


def test_each_face_gets_its_own_and_strangers_get_nobody() -> None:
    found = cast(analysis(person(2), person(1), person(9)), (MIA, TOM), Settings(character=("mia", "tom")))
    assert names(found) == ["tom", "mia", None]
    assert found.diagnoses[0].character_distance == 0 and "beyond" in found.diagnoses[2].character_why


def test_nobody_asked_for_changes_nothing() -> None:
    plain = analysis(person(1))
    assert cast(plain, (), Settings()) is plain


def test_what_the_user_says_settles_a_tie_and_takes_the_character_from_the_other_face() -> None:
    twins = analysis(between(0.05), between(0.10))
    assert names(cast(twins, (MIA,), Settings(character=("mia",)))) == [None, None]
    assert names(cast(twins, (MIA,), Settings(character=("mia",), cast=("1=mia",)))) == [None, "mia"]


def far_from_mia(distance: float) -> np.ndarray:
    away = person(7) / np.linalg.norm(person(7))
    return (person(1) + distance * away).astype(np.float32)


def test_a_face_beside_its_character_from_first_to_last_has_drifted() -> None:
    found = cast(lasting(far_from_mia(0.4)), (MIA,), Settings(character=("mia",)))
    (finding,) = found.diagnoses[0].findings
    assert finding.mode == "drift" and finding.steady and finding.span == Span(0, 12) and 0.5 < finding.severity < 0.75
    assert "mia" in finding.why and "0.40" in finding.why
    assert found.diagnoses[0].verdict == found.verdict == "repair"
    assert make_plan(found, strength=0.6, treatable=("drift",)).treatments[0].steady


def test_a_sound_face_or_one_only_recognised_has_no_drift() -> None:
    assert cast(lasting(far_from_mia(0.15)), (MIA,), Settings(character=("mia",))).diagnoses[0].findings == ()
    recognised = cast(lasting(far_from_mia(0.4)), (MIA,), Settings(character=("mia",), identity_strength=0.0))
    assert recognised.diagnoses[0].character == "mia" and recognised.diagnoses[0].findings == ()


def test_a_drift_within_the_shot_becomes_part_of_it() -> None:
    plain = lasting(far_from_mia(0.35))
    own = Finding("drift", 0, Span(6, 12), 0.7, "the face changes.")
    drifting = replace(plain, diagnoses=(replace(plain.diagnoses[0], findings=(own,)),))
    (finding,) = cast(drifting, (MIA,), Settings(character=("mia",))).diagnoses[0].findings
    assert finding.span == Span(0, 12) and finding.severity == 0.7 and finding.why.endswith("the face changes.")


def test_nobodys_face_is_put_on_anybody_else_whatever_the_user_says() -> None:
    found = cast(analysis(person(9), None), (MIA,), Settings(character=("mia",), cast=("0=mia", "1=mia")))
    assert names(found) == [None, None]
    assert any("another person" in text for text in found.warnings) and any("too small" in text for text in found.warnings)


def test_a_face_that_there_is_not_is_said() -> None:
    with pytest.raises(SettingsError, match="--map 7=mia: there is no face 7"):
        cast(analysis(person(1)), (MIA,), Settings(character=("mia",), cast=("7=mia",)))


@pytest.mark.parametrize("text", ["mia", "x=mia", "0=", "0=tom"])
def test_a_map_that_makes_no_sense_is_refused_at_once(text: str) -> None:
    with pytest.raises(SettingsError, match="--map"):
        Settings(character=("mia",), cast=(text,))


def test_the_plan_names_whom_it_needs() -> None:
    (one,) = planned((MIA,), Settings(character=("mia",), identity_strength=0.5))
    assert (one.name, one.bank, one.strength) == ("mia", "key of mia", 0.5)
