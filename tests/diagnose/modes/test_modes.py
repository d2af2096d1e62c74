"""Every mode on signals whose meaning is known: its own fault is found where it is, the others' are left to them."""

from __future__ import annotations

import numpy as np
import pytest

from facefix.diagnose import weighing
from facefix.diagnose.geometry.reading import SIGNALS as SHAPE
from facefix.diagnose.measure import SIGNALS
from facefix.diagnose.modes import MODES, explained, find_all
from facefix.diagnose.skin.reading import SIGNALS as SKIN
from facefix.diagnose.smear.reading import SIGNALS as SMEAR
from facefix.faces.mesh.foresight import SIGNALS as FORESIGHT
from facefix.pipeline.departing import SIGNALS as DEPARTURE
from facefix.types import Face, Finding, Span, Track

FPS = 24.0
LENGTH = 144


@pytest.fixture(autouse=True)
def simple_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is tested is what a mode does with its scale; the fitted one is tested on clips."""
    own = {"warp": ["shape_warp"], "drift": ["shape_drift_lasting"], "waxy": ["wax"], "flicker": ["boil", "shading"]}
    own |= {"collapsed": ["molten"], "smear": ["smear"]}
    odds = tuple(float(np.log(p / (1 - p))) for p in (0.2, 0.3, 0.6, 0.9))
    knots = dict.fromkeys(own, odds) | {"flicker": (0.8, 1.2, 2.0, 3.0)}
    table = {
        mode: weighing.parse({
            "bias": 0, "calm_s": 0, "knots": knots[mode],
            "features": {name: {"mean": 0, "scale": 1, "weight": 1} for name in names},
        })
        for mode, names in own.items()
    }  # fmt: skip
    monkeypatch.setattr(weighing, "of", table.__getitem__)


def _clean() -> dict[str, np.ndarray]:
    """A talking head of four seconds: everything moves a little, identity is measured four times a second."""
    rng = np.random.default_rng(1)
    signals = {name: np.zeros(LENGTH, np.float32) for name in (*SIGNALS, *SHAPE, *SKIN, *SMEAR, *FORESIGHT, *DEPARTURE)}
    signals |= {"face_px": np.full(LENGTH, 220, np.float32), "score": np.full(LENGTH, 0.9, np.float32)}
    signals["mesh"] = (0.93 + rng.normal(0, 0.01, LENGTH)).astype(np.float32)
    signals["yaw"] = (10 * np.sin(np.arange(LENGTH) / 20)).astype(np.float32)
    signals["boil"] = np.abs(rng.normal(0.5, 0.2, LENGTH)).astype(np.float32)
    signals["shading"] = np.abs(rng.normal(0.4, 0.2, LENGTH)).astype(np.float32)
    for name, level in (("detail", 0.3), ("crispness", 2.0), ("crispness_out", 4.0)):
        signals[name] = (level * (1 + rng.normal(0, 0.03, LENGTH))).astype(np.float32)
    distance = np.full(LENGTH, np.nan, np.float32)
    distance[::6] = 0.2 + rng.normal(0, 0.02, len(distance[::6]))
    signals["identity_distance"] = distance
    return signals


def _track() -> Track:
    faces = tuple(Face(10 + i, np.zeros(4, np.float32), np.zeros((5, 2), np.float32), 0.9) for i in range(LENGTH))
    return Track(3, 0, faces)


def _stray(signals: dict[str, np.ndarray]) -> None:
    """Single looks leave the anchor as the mean looks leave the first second."""
    signals["identity_distance"][::6] = 0.2 + signals["departure"][::6] / 2


def _found(signals: dict[str, np.ndarray]) -> dict[str, list[Finding]]:
    return {name: found for name, spec in MODES.items() if (found := spec.find(signals, FPS))}


def test_a_clean_face_has_no_finding() -> None:
    assert _found(_clean()) == {}


def test_a_face_of_which_nothing_was_measured_has_no_finding() -> None:
    signals = {name: np.full(10, np.nan, np.float32) for name in (*SIGNALS, *SHAPE, *SKIN, *SMEAR, *FORESIGHT, *DEPARTURE)}
    signals["face_px"] = np.full(10, 30, np.float32)
    signals["yaw"] = np.zeros(10, np.float32)
    assert _found(signals) == {}


def test_texture_that_is_dragged_where_the_mesh_sees_nothing_is_a_warp_too() -> None:
    signals = _clean()
    signals["smear"][70:85] = 0.7
    (finding,) = _found(signals)["warp"]
    assert abs(finding.span.start - 70) <= 4 and abs(finding.span.end - 85) <= 4
    assert finding.evidence == {"smear": 0.7} and "dragged or torn" in finding.why
    signals["shape_warp"][70:85] = 0.4
    (finding,) = _found(signals)["warp"]
    assert finding.evidence["shape_warp"] == 0.4 and "lies up to" in finding.why, "what the path shows needs no looks"
    assert finding.severity == pytest.approx(0.7, abs=0.1)
    signals["tint"][70:85] = 40
    assert "warp" not in _found(signals), "something is before the face"


def test_a_waxy_face_that_looks_dragged_is_waxy() -> None:
    signals = _clean()
    signals["wax"][70:100] = signals["smear"][75:95] = 0.7
    assert [f.mode for f in find_all(_track(), signals, FPS)] == ["waxy"]
    signals["shape_warp"][75:95] = 0.5
    assert [f.mode for f in find_all(_track(), signals, FPS)] == ["waxy", "warp"]
    wax, beside = (Finding("waxy", 0, span, 0.7, "") for span in (Span(70, 100), Span(90, 120)))
    torn, bent = (Finding("warp", 0, Span(75, 95), 0.8, "", {name: 0.7}) for name in ("smear", "shape_warp"))
    assert explained([wax, torn], FPS) == [wax]
    collapse = Finding("collapsed", 0, Span(70, 100), 0.5, "")
    assert explained([collapse, torn], FPS) == [collapse] and explained([collapse, bent], FPS) == [collapse, bent]
    assert explained([wax, bent], FPS) == [wax, bent] and explained([beside, torn], FPS) == [beside, torn]


@pytest.mark.parametrize(("signal", "value"), [("tint", 6.0), ("mesh", 0.85), ("crispness_out", 1.0)])
def test_what_passes_before_a_face_or_blurs_all_of_the_picture_only_looks_torn(signal: str, value: float) -> None:
    signals = _clean()
    signals["smear"][70:95] = 0.7
    assert len(_found(signals)["warp"]) == 1
    signals[signal][68:97] = value
    assert "warp" not in _found(signals)


def test_a_flash_is_no_flicker_whatever_it_does_to_the_face() -> None:
    signals = _clean()
    signals["shading"][66:69] += 12
    signals["boil"][66:69] += 20
    assert len(_found(signals)["flicker"]) == 1
    signals["flash"][65] = 20
    assert "flicker" not in _found(signals)


def test_who_is_hidden_at_first_is_held_against_what_is_seen_of_him_then() -> None:
    signals = _clean()
    frames = np.arange(LENGTH)
    signals["departure"] = np.interp(frames, [0, 60, 100], [0.0, 0.0, 0.5]).astype(np.float32)
    signals["departure_identity"] = signals["departure"] / 2
    _stray(signals)
    signals["identity_distance"][:30] = np.nan
    (found,) = _found(signals)["drift"]
    assert found.evidence["identity_risen"] > 0.1
    signals["identity_distance"][30::6] = 0.4
    assert "drift" not in _found(signals)


def test_what_boils_plainly_looks_torn_in_every_frame_and_is_no_warp() -> None:
    signals = _clean()
    signals["smear"][70:95] = 0.7
    signals["shading"][66:99] += 12
    assert set(_found(signals)) == {"flicker"}


@pytest.mark.parametrize("severity", [0.4, 0.6, 0.85])
def test_a_shape_that_no_face_takes_is_a_warp(severity: float) -> None:
    signals = _clean()
    signals["shape_warp"][40:54] = severity
    signals["off_nose"][40:54] = 7
    signals["off_mouth"][:] = 9
    (found,) = _found(signals).pop("warp")
    assert abs(found.span.start - 40) <= 1 and abs(found.span.end - 54) <= 1
    assert found.severity == pytest.approx(severity, abs=0.05)
    assert found.evidence["off_percent"] == pytest.approx(7)
    assert "the nose" in found.why


def test_a_single_frame_is_no_warp_and_neither_is_a_profile() -> None:
    signals = _clean()
    signals["shape_warp"][40] = 0.9
    signals["shape_warp"][80:94] = 0.9
    signals["yaw"][78:96] = 75
    assert "warp" not in _found(signals)


def test_shading_that_jumps_is_flicker() -> None:
    signals = _clean()
    signals["shading"][60:72] += 8
    (found,) = _found(signals)["flicker"]
    assert abs(found.span.start - 60) <= 1 and abs(found.span.end - 72) <= 1


def test_skin_without_pores_is_wax() -> None:
    signals = _clean()
    signals["wax"][70:100] = 0.7
    (found,) = _found(signals)["waxy"]
    assert abs(found.span.start - 70) <= 4 and abs(found.span.end - 100) <= 4
    assert found.severity == pytest.approx(0.7, abs=0.1)


def test_a_face_that_melts_with_its_skin_has_collapsed_and_is_no_wax() -> None:
    signals = _clean()
    signals["wax"][70:100] = 0.75
    signals["shape_warp"][70:100] = 0.6
    signals["mesh"][70:100] = 0.93 * 0.9
    assert _found(signals).keys() == {"warp"}, "eyes, brows and lips have their edges: nothing melts"
    signals["crispness"][70:100] = 0.7
    assert _found(signals).keys() == {"collapsed", "warp"}
    (found,) = find_all(_track(), signals, FPS)
    assert found.mode == "collapsed" and found.severity == pytest.approx(0.7, abs=0.1)
    signals["wax"][70:100] = 0.05
    assert _found(signals).keys() == {"warp"}


def test_a_collapse_explains_what_is_milder_and_lies_in_it() -> None:
    collapse = Finding("collapsed", 0, Span(40, 60), 0.5, "")
    inside, worse, beside = (
        Finding("warp", 0, span, severity, "")
        for span, severity in ((Span(38, 56), 0.4), (Span(42, 58), 0.8), (Span(55, 80), 0.3))
    )
    assert explained([collapse, inside, worse, beside], FPS) == [collapse, worse, beside]
    assert explained([inside, worse], FPS) == [inside, worse]
    hardly_worse = Finding("waxy", 0, Span(42, 58), collapse.severity + 0.05, "")
    assert explained([collapse, hardly_worse], FPS) == [collapse]


def test_features_that_are_gone_are_not_warped_and_faint_warps_beside_them_are_their_echo() -> None:
    collapse = Finding("collapsed", 0, Span(40, 60), 0.7, "")
    inside, echo, plain, away = (
        Finding("warp", 0, span, severity, "")
        for span, severity in ((Span(42, 58), 0.9), (Span(64, 80), 0.35), (Span(64, 80), 0.45), (Span(68, 80), 0.35))
    )
    assert explained([collapse, inside, echo], FPS) == [collapse]
    assert explained([collapse, plain], FPS) == [collapse, plain] and explained([collapse, away], FPS) == [collapse, away]
    boiling = Finding("flicker", 0, Span(64, 80), 0.35, "")
    assert explained([collapse, boiling], FPS) == [collapse, boiling]


def test_skin_that_is_smooth_all_the_time_is_wax_only_where_that_is_visible_at_once() -> None:
    signals = _clean()
    signals["wax"][:] = 0.4
    assert "waxy" not in _found(signals)
    signals["wax"][:] = 0.8
    (found,) = _found(signals)["waxy"]
    assert len(found.span) == LENGTH
    signals["wax"][:] = np.where(np.arange(LENGTH) < 70, 0.4, 0.05)
    assert "waxy" in _found(signals)


def test_what_passes_before_a_face_bends_nothing() -> None:
    signals = _clean()
    signals["shape_warp"][60:76] = 0.8
    signals["boil"][70:76] += 9
    assert _found(signals).keys() == {"warp", "flicker"}
    signals["tint"][62:72] = 27
    assert _found(signals) == {}


def test_where_nothing_is_crisp_nobody_has_pores() -> None:
    signals = _clean()
    signals["wax"][70:110] = 0.8
    signals["crispness"] *= 0.6
    signals["crispness"][60:120] = 0.8
    assert len(_found(signals)["waxy"]) == 1, "hair is crisp"
    signals["crispness_out"][60:120] = 0.6
    assert "waxy" not in _found(signals)


def test_a_small_face_has_no_wax() -> None:
    signals = _clean()
    signals["wax"][70:100] = 0.9
    signals["face_px"][:] = 50
    assert "waxy" not in _found(signals)


def test_a_person_who_changes_for_good_drifts_and_one_who_smiles_does_not() -> None:
    signals = _clean()
    frames = np.arange(LENGTH)
    signals["shape_drift"] = np.interp(frames, [0, 70, 143], [0.02, 0.02, 0.8]).astype(np.float32)
    known = np.arange(0, LENGTH, 6)
    signals["identity_distance"][known] = np.interp(known, [0, 70, 143], [0.2, 0.2, 0.55])
    signals["departure"] = np.interp(frames, [0, 70, 143], [0.0, 0.0, 0.7]).astype(np.float32)
    signals["departure_identity"] = signals["departure"] / 2
    (found,) = _found(signals)["drift"]
    assert found.span.end == LENGTH
    assert found.span.start == pytest.approx(70, abs=8)
    assert found.evidence["identity_late"] > found.evidence["identity_early"] + 0.2
    signals["shape_drift"] = np.interp(frames, [0, 70, 90, 110, 143], [0.02, 0.02, 0.8, 0.02, 0.02]).astype(np.float32)
    signals["departure"] = np.interp(frames, [0, 70, 90, 110, 143], [0.0, 0.0, 0.7, 0.0, 0.0]).astype(np.float32)
    assert "drift" not in _found(signals)


def test_a_face_that_departs_has_drifted_though_its_proportions_stay() -> None:
    signals = _clean()
    frames = np.arange(LENGTH)
    signals["departure"] = np.interp(frames, [0, 60, 100], [0.0, 0.0, 0.62]).astype(np.float32)
    signals["departure_identity"], signals["departure_tone"] = signals["departure"] / 2, signals["departure"] * 8
    _stray(signals)
    (found,) = _found(signals)["drift"]
    assert (found.severity, found.span.end) == (pytest.approx(0.62, abs=0.03), LENGTH)
    assert found.span.start == pytest.approx(60, abs=6)
    assert found.evidence["departure_identity"] == pytest.approx(0.31, abs=0.01)
    assert "skin" in found.why
    signals["departure"] = np.interp(frames, [0, 60, 70, 90, 100], [0.0, 0.0, 0.6, 0.6, 0.0]).astype(np.float32)
    assert "drift" not in _found(signals)


def test_a_face_that_is_first_seen_in_profile_turns_round_and_stays_itself() -> None:
    signals = _clean()
    signals["departure"] = np.interp(np.arange(LENGTH), [0, 60, 100], [0.0, 0.0, 0.5]).astype(np.float32)
    signals["departure_identity"], signals["departure_tone"] = signals["departure"] / 2, signals["departure"] * 5
    signals["identity_distance"][::6] = np.linspace(0.35, 0.15, LENGTH // 6)
    assert "drift" not in _found(signals)
    _stray(signals)
    assert "drift" in _found(signals)


@pytest.mark.parametrize("look", [126, 132, 138])
def test_who_pulls_a_face_to_the_end_of_the_shot_and_is_himself_again_has_not_drifted(look: int) -> None:
    signals = _clean()
    frames = np.arange(LENGTH)
    signals["departure"] = np.interp(frames, [0, 60, 100], [0.0, 0.0, 0.5]).astype(np.float32)
    signals["departure_identity"] = signals["departure"] / 2
    _stray(signals)
    assert "drift" in _found(signals)
    signals["identity_distance"][look] = 0.22
    assert "drift" not in _found(signals), "a departure is told by a second of looks, and is late"


def test_a_drift_begins_before_it_is_seen_and_a_step_where_it_is() -> None:
    signals = _clean()
    frames = np.arange(LENGTH)
    signals["departure"] = np.interp(frames, [0, 30, LENGTH - 1], [0.0, 0.0, 0.45]).astype(np.float32)
    signals["departure_identity"] = signals["departure"] / 2
    _stray(signals)
    (slowly,) = _found(signals)["drift"]
    assert slowly.span.start == pytest.approx(30, abs=8)
    signals["departure"] = np.where(frames < 80, 0.0, 0.6).astype(np.float32)
    (at_once,) = _found(signals)["drift"]
    assert at_once.span.start == pytest.approx(80, abs=12)


def test_a_face_that_turns_into_another_light_stays_itself() -> None:
    signals = _clean()
    signals["departure"] = np.interp(np.arange(LENGTH), [0, 60, 100], [0.0, 0.0, 0.5]).astype(np.float32)
    signals["departure_tone"], signals["departure_identity"][:] = signals["departure"] * 8, 0.17
    _stray(signals)
    assert "drift" not in _found(signals)
    signals["departure_identity"][:] = 0.3
    assert "drift" in _found(signals)


def test_proportions_that_leave_no_trace_in_identity_and_skin_are_no_drift() -> None:
    signals = _clean()
    signals["shape_drift"] = np.interp(np.arange(LENGTH), [0, 70, 143], [0.02, 0.02, 0.8]).astype(np.float32)
    assert "drift" not in _found(signals)
    for name in (*DEPARTURE, "identity_distance"):
        signals[name] = np.full(LENGTH, np.nan, np.float32)
    (found,) = _found(signals)["drift"]
    assert "departure" not in found.evidence


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
    signals["shape_warp"][40:54] = 0.4
    signals["shading"][90:102] += 4
    plain, shifted = (find_all(_track(), signals, FPS, priors) for priors in (None, {"warp": 1.2}))
    assert [(f.mode, f.track, f.span) for f in plain] == [(f.mode, f.track, f.span) for f in shifted]
    assert shifted[0].mode == "warp" and shifted[0].severity > plain[0].severity
    assert shifted[1] == plain[1]
    assert {f.span.start for f in plain} <= set(range(48, 53)) | set(range(98, 103))
