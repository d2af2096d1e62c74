"""Every mode on signals whose meaning is known: its own fault is found where it is, the others' are left to them."""

from __future__ import annotations

import numpy as np
import pytest

from facefix.diagnose import weighing
from facefix.diagnose.measure import SIGNALS
from facefix.diagnose.modes import MODES, find_all
from facefix.types import Face, Finding, Track

FPS = 24.0
LENGTH = 144


@pytest.fixture(autouse=True)
def simple_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is tested is what a mode does with its scale; the fitted one is tested on clips."""
    terms = {name: {"mean": 0, "scale": 1, "weight": 1} for name in ("boil", "shading")}
    row = weighing.parse({"bias": 0, "calm_s": 0, "features": terms, "knots": (0.8, 1.2, 2.0, 3.0)})
    monkeypatch.setattr(weighing, "of", {"flicker": row}.__getitem__)


def _clean() -> dict[str, np.ndarray]:
    """A talking head of four seconds: everything moves a little, identity is measured four times a second."""
    rng = np.random.default_rng(1)
    signals = {name: np.zeros(LENGTH, np.float32) for name in SIGNALS}
    signals |= {"face_px": np.full(LENGTH, 220, np.float32), "score": np.full(LENGTH, 0.9, np.float32)}
    signals["mesh"] = (0.93 + rng.normal(0, 0.01, LENGTH)).astype(np.float32)
    signals["yaw"] = (10 * np.sin(np.arange(LENGTH) / 20)).astype(np.float32)
    signals["bend"] = np.abs(rng.normal(0.6, 0.3, LENGTH)).astype(np.float32)
    signals["boil"] = np.abs(rng.normal(0.5, 0.2, LENGTH)).astype(np.float32)
    signals["shading"] = np.abs(rng.normal(0.4, 0.2, LENGTH)).astype(np.float32)
    for name, level in (("detail", 0.3), ("crispness", 2.0), ("crispness_out", 4.0)):
        signals[name] = (level * (1 + rng.normal(0, 0.03, LENGTH))).astype(np.float32)
    distance = np.full(LENGTH, np.nan, np.float32)
    distance[::6] = 0.2 + rng.normal(0, 0.02, len(distance[::6]))
    signals["identity_distance"] = distance
    return signals


def _found(signals: dict[str, np.ndarray]) -> dict[str, list[Finding]]:
    return {name: found for name, spec in MODES.items() if (found := spec.find(signals, FPS))}


def test_a_clean_face_has_no_finding() -> None:
    assert _found(_clean()) == {}


def test_a_face_of_which_nothing_was_measured_has_no_finding() -> None:
    signals = {name: np.full(10, np.nan, np.float32) for name in SIGNALS}
    signals["face_px"] = np.full(10, 30, np.float32)
    signals["yaw"] = np.zeros(10, np.float32)
    assert _found(signals) == {}


@pytest.mark.parametrize("rise, low, high", [(5.4, 0.3, 0.6), (6.9, 0.6, 0.9), (10.0, 0.9, 1.0)])
def test_features_out_of_place_are_a_warp(rise: float, low: float, high: float) -> None:
    signals = _clean()
    signals["bend"][40:54] += rise
    (found,) = _found(signals).pop("warp")
    assert abs(found.span.start - 40) <= 1 and abs(found.span.end - 54) <= 1
    assert low <= found.severity <= high
    assert found.evidence["bend_percent"] == pytest.approx(rise + 0.6, abs=1.2)


def test_a_smaller_bend_is_a_warp_only_where_the_person_looks_like_another() -> None:
    signals = _clean()
    signals["bend"][40:54] += 2.6
    assert "warp" not in _found(signals)
    signals["identity_distance"][42:54:6] = 0.5
    assert _found(signals).keys() == {"warp"}


def test_a_boiling_face_that_looks_like_another_is_flicker_not_warp() -> None:
    signals = _clean()
    signals["bend"][40:54] += 2.6
    signals["boil"][40:54] += 9
    signals["identity_distance"][42:54:6] = 0.5
    assert _found(signals).keys() == {"flicker"}


def test_shading_that_jumps_is_flicker() -> None:
    signals = _clean()
    signals["shading"][60:72] += 8
    (found,) = _found(signals)["flicker"]
    assert abs(found.span.start - 60) <= 1 and abs(found.span.end - 72) <= 1


def test_skin_that_loses_its_detail_alone_is_wax_and_a_blurred_frame_is_not() -> None:
    signals = _clean()
    signals["detail"][70:100] *= 0.5
    (found,) = _found(signals)["waxy"]
    assert abs(found.span.start - 70) <= 4 and abs(found.span.end - 100) <= 4
    assert found.severity == pytest.approx(0.7, abs=0.15)
    for name in ("crispness", "crispness_out"):
        signals[name][70:100] *= 0.5
    assert "waxy" not in _found(signals)


def test_a_small_face_has_no_wax() -> None:
    signals = _clean()
    signals["detail"][70:100] *= 0.3
    signals["face_px"][:] = 60
    assert "waxy" not in _found(signals)


def test_a_person_who_changes_for_good_drifts_and_one_who_smiles_does_not() -> None:
    signals = _clean()
    known = np.arange(0, LENGTH, 6)
    signals["identity_distance"][known] = np.interp(known, [0, 70, 143], [0.2, 0.2, 0.55])
    (found,) = _found(signals)["drift"]
    assert found.span.end == LENGTH
    assert 85 <= found.span.start <= 115
    signals["identity_distance"][known] = np.interp(known, [0, 70, 90, 110, 143], [0.2, 0.2, 0.5, 0.2, 0.2])
    assert "drift" not in _found(signals)


@pytest.mark.parametrize("confidence, low, high", [(0.72, 0.3, 0.6), (0.6, 0.6, 0.9), (0.3, 0.9, 1.0)])
def test_a_face_that_the_mesh_no_longer_knows_has_collapsed(confidence: float, low: float, high: float) -> None:
    signals = _clean()
    signals["mesh"][40:58] = confidence
    (found,) = _found(signals)["collapsed"]
    assert (found.span.start, found.span.end) == (40, 58)
    assert low <= found.severity <= high
    assert found.evidence["mesh_confidence"] == pytest.approx(confidence)


@pytest.mark.parametrize(
    "excuse, value",
    [("face_px", 25), ("yaw", -80), ("tint", 30), ("mesh", np.nan)],
    ids=["tiny", "profile", "something of another colour before it", "cut by the picture's edge"],
)
def test_what_hides_a_face_is_no_collapse(excuse: str, value: float) -> None:
    signals = _clean()
    signals["mesh"][40:58] = 0.3
    signals[excuse][40:58] = value
    assert "collapsed" not in _found(signals)


def test_a_face_that_is_never_clear_is_collapsed_only_in_sharp_surroundings() -> None:
    signals = _clean()
    signals["mesh"][:] = 0.3
    (found,) = _found(signals)["collapsed"]
    assert (found.span.start, found.span.end) == (0, LENGTH)
    signals["crispness_out"][:] = 0.6
    assert "collapsed" not in _found(signals)


def test_a_beard_that_costs_confidence_in_every_frame_is_no_collapse() -> None:
    signals = _clean()
    signals["mesh"][:] = 0.80
    signals["mesh"][40:58] = 0.72
    assert "collapsed" not in _found(signals)


def test_priors_reach_the_findings_of_their_mode_alone() -> None:
    signals = _clean()
    signals["bend"][40:54] += 5.4
    signals["shading"][90:102] += 4
    faces = tuple(Face(10 + i, np.zeros(4, np.float32), np.zeros((5, 2), np.float32), 0.9) for i in range(LENGTH))
    plain, shifted = (find_all(Track(3, 0, faces), signals, FPS, priors) for priors in (None, {"warp": 1.2}))
    assert [(f.mode, f.track, f.span) for f in plain] == [(f.mode, f.track, f.span) for f in shifted]
    assert shifted[0].mode == "warp" and shifted[0].severity > plain[0].severity
    assert shifted[1] == plain[1]
    assert {f.span.start for f in plain} <= set(range(48, 53)) | set(range(98, 103))
