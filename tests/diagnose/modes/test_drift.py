"""A person who becomes somebody else, and who only turns, grins or is lit otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.diagnose.modes.talking import LENGTH, changing, clean, found_in, stray

from facefix.bench.faults.timing import approach
from facefix.diagnose import weighing
from facefix.diagnose.weighing import of as fitted
from facefix.pipeline.departing import SIGNALS as DEPARTURE
from facefix.types import Span

DRIFT = ("departure", "look_drift", "shape_drift")
"""Its three witnesses."""


def test_who_is_hidden_at_first_is_held_against_what_is_seen_of_him_then() -> None:
    signals = clean()
    frames = np.arange(LENGTH)
    signals["departure"] = np.interp(frames, [0, 60, 100], [0.0, 0.0, 0.5]).astype(np.float32)
    signals["departure_identity"] = signals["departure"] / 2
    stray(signals)
    signals["identity_distance"][:30] = np.nan
    (found,) = found_in(signals)["drift"]
    assert found.evidence["identity_risen"] > 0.1
    signals["identity_distance"][30::6] = 0.4
    assert "drift" not in found_in(signals)


def test_a_person_who_changes_for_good_drifts_and_one_who_smiles_does_not() -> None:
    signals = clean()
    frames = np.arange(LENGTH)
    signals["shape_drift"] = np.interp(frames, [0, 70, 143], [0.02, 0.02, 0.8]).astype(np.float32)
    known = np.arange(0, LENGTH, 6)
    signals["identity_distance"][known] = np.interp(known, [0, 70, 143], [0.2, 0.2, 0.55])
    signals["departure"] = changing(np.interp(frames, [0, 70, 143], [0.0, 0.0, 0.7]))
    signals["departure_identity"] = signals["departure"] / 2
    (found,) = found_in(signals)["drift"]
    assert found.span.end == LENGTH
    assert found.span.start == pytest.approx(70, abs=8)
    assert found.evidence["identity_late"] > found.evidence["identity_early"] + 0.2
    signals["shape_drift"] = np.interp(frames, [0, 70, 90, 110, 143], [0.02, 0.02, 0.8, 0.02, 0.02]).astype(np.float32)
    signals["departure"] = np.interp(frames, [0, 70, 90, 110, 143], [0.0, 0.0, 0.7, 0.0, 0.0]).astype(np.float32)
    assert "drift" not in found_in(signals)


def test_a_face_that_departs_has_drifted_though_its_proportions_stay() -> None:
    signals = clean()
    frames = np.arange(LENGTH)
    signals["departure"] = changing(np.interp(frames, [0, 60, 100], [0.0, 0.0, 0.63]))
    signals["departure_identity"], signals["departure_tone"] = signals["departure"] / 2, signals["departure"] * 8
    stray(signals)
    (found,) = found_in(signals)["drift"]
    assert (found.severity, found.span.end) == (pytest.approx(0.62, abs=0.03), LENGTH)
    assert found.span.start == pytest.approx(60, abs=6)
    assert found.evidence["departure_identity"] == pytest.approx(0.31, abs=0.01)
    assert "skin" in found.why
    signals["departure"] = np.interp(frames, [0, 60, 70, 90, 100], [0.0, 0.0, 0.6, 0.6, 0.0]).astype(np.float32)
    assert "drift" not in found_in(signals)


def test_a_face_that_is_first_seen_in_profile_turns_round_and_stays_itself() -> None:
    signals = clean()
    signals["departure"] = np.interp(np.arange(LENGTH), [0, 60, 100], [0.0, 0.0, 0.5]).astype(np.float32)
    signals["departure_identity"], signals["departure_tone"] = signals["departure"] / 2, signals["departure"] * 5
    signals["identity_distance"][::6] = np.linspace(0.35, 0.15, LENGTH // 6)
    assert "drift" not in found_in(signals)
    stray(signals)
    assert "drift" in found_in(signals)


@pytest.mark.parametrize("look", [126, 132, 138])
def test_who_pulls_a_face_to_the_end_of_the_shot_and_is_himself_again_has_not_drifted(look: int) -> None:
    signals = clean()
    frames = np.arange(LENGTH)
    signals["departure"] = np.interp(frames, [0, 60, 100], [0.0, 0.0, 0.5]).astype(np.float32)
    signals["departure_identity"] = signals["departure"] / 2
    stray(signals)
    assert "drift" in found_in(signals)
    signals["identity_distance"][look] = 0.22
    assert "drift" not in found_in(signals), "a departure is told by a second of looks, and is late"


def test_a_drift_begins_before_it_is_seen_and_a_step_where_it_is() -> None:
    signals = clean()
    frames = np.arange(LENGTH)
    signals["departure"] = changing(np.append(np.zeros(30), 0.6 * approach(Span(30, LENGTH))))
    signals["departure_identity"] = signals["departure"] / 2
    stray(signals)
    (slowly,) = found_in(signals)["drift"]
    assert slowly.span.start == pytest.approx(30, abs=12)
    assert slowly.span.start + slowly.rises == pytest.approx(LENGTH, abs=12)
    signals["departure"] = changing(np.where(frames < 80, 0.0, 0.6))
    (at_once,) = found_in(signals)["drift"]
    assert at_once.span.start == pytest.approx(80, abs=12) and at_once.rises == 0


def test_a_face_that_turns_into_another_light_stays_itself() -> None:
    signals = clean()
    signals["departure"] = np.interp(np.arange(LENGTH), [0, 60, 100], [0.0, 0.0, 0.5]).astype(np.float32)
    signals["departure_tone"], signals["departure_identity"][:] = signals["departure"] * 8, 0.17
    stray(signals)
    assert "drift" not in found_in(signals)
    signals["departure_identity"][:] = 0.3
    assert "drift" in found_in(signals)


def test_proportions_that_leave_no_trace_in_identity_and_skin_are_no_drift() -> None:
    signals = clean()
    signals["shape_drift"] = np.interp(np.arange(LENGTH), [0, 70, 143], [0.02, 0.02, 0.8]).astype(np.float32)
    assert "drift" not in found_in(signals)
    for name in (*DEPARTURE, "identity_distance"):
        signals[name] = np.full(LENGTH, np.nan, np.float32)
    (found,) = found_in(signals)["drift"]
    assert "departure" not in found.evidence and found.why.startswith("the face's proportions")


def test_a_drift_is_told_by_what_speaks_for_it_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighing, "of", fitted)
    signals = clean()
    frames = np.arange(LENGTH)
    signals["departure"] = changing(np.interp(frames, [0, 60, 100], [0.0, 0.0, 0.8]))
    signals["departure_identity"], signals["departure_tone"] = signals["departure"] / 2, signals["departure"] * 8
    stray(signals)
    signals["shape_drift"][:] = np.interp(frames, [0, 143], [0.02, 0.05])
    signals["look_drift"][:] = 0.1
    (found,) = found_in(signals)["drift"]
    assert found.why.startswith("at like poses") and "skin" in found.why and "identity distance" in found.why
    assert "proportions" not in found.why and found.evidence["shape_drift"] == pytest.approx(0.05)
    signals["look_drift"][:] = np.interp(frames, [0, 60, 100], [0.02, 0.02, 0.95])
    signals["departure"] *= 0.4
    assert found_in(signals)["drift"][0].why.startswith("beside its first looks")


def test_who_looks_another_beside_his_first_looks_drifts_whatever_single_identities_say() -> None:
    signals = clean()
    signals["departure"] = changing(np.interp(np.arange(LENGTH), [0, 60, 100], [0.0, 0.0, 0.5]))
    signals["departure_identity"] = np.full(LENGTH, 0.1, np.float32)
    assert "drift" not in found_in(signals), "another light"
    signals["look_drift"] = np.interp(np.arange(LENGTH), [0, 60, 100], [0.02, 0.02, 0.7]).astype(np.float32)
    (found,) = found_in(signals)["drift"]
    assert found.evidence["look_drift"] == pytest.approx(0.7) and "first looks" in found.why


def test_a_drift_that_only_looks_show_begins_where_they_rise(monkeypatch: pytest.MonkeyPatch) -> None:
    row = replace(weighing.of("smear"), features=("look_drift_lasting",))
    own = weighing.of
    monkeypatch.setattr(weighing, "of", lambda mode: row if mode == "departed" else own(mode))
    signals = clean()
    signals["look_drift"] = np.interp(np.arange(LENGTH), [0, 60, 100], [0.02, 0.02, 0.8]).astype(np.float32)
    (found,) = found_in(signals)["drift"]
    assert found.span.end == LENGTH and 30 <= found.span.start <= 75


@pytest.mark.parametrize("witnesses", [DRIFT[:1], DRIFT[1:2], DRIFT[2:], DRIFT])
def test_what_all_witnesses_half_see_is_a_drift(witnesses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    own = weighing.of
    monkeypatch.setattr(weighing, "of", lambda mode: fitted(mode) if mode == "departed" else own(mode))
    signals = clean()
    signals["departure_identity"] = np.full(LENGTH, 0.3, np.float32)
    signals["identity_distance"][::6] = np.linspace(0.2, 0.4, LENGTH // 6)
    for name, half in zip(DRIFT, (0.17, 0.35, 0.35), strict=True):
        rises = [0.02, 0.02, half] if name in witnesses else [0.02] * 3
        signals[name] = np.interp(np.arange(LENGTH), [0, 60, 100], rises).astype(np.float32)
    assert ("drift" in found_in(signals)) == (len(witnesses) == 3)
