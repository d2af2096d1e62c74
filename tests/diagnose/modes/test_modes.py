"""All modes together: each finds its own fault, and leaves the others' to them."""

from __future__ import annotations

import numpy as np
from tests.diagnose.modes.talking import FPS, bend, clean, found_in, track

from facefix.diagnose.beside.reading import SIGNALS as BESIDE
from facefix.diagnose.geometry.reading import SIGNALS as SHAPE
from facefix.diagnose.measure import SIGNALS
from facefix.diagnose.modes import explained, find_all, obvious, passing_faults
from facefix.diagnose.skin.reading import SIGNALS as SKIN
from facefix.faces.mesh.foresight import SIGNALS as FORESIGHT
from facefix.pipeline.departing import SIGNALS as DEPARTURE
from facefix.types import Finding, Span


def test_a_clean_face_has_no_finding() -> None:
    assert found_in(clean()) == {}


def test_a_face_of_which_nothing_was_measured_has_no_finding() -> None:
    signals = {name: np.full(10, np.nan, np.float32) for name in (*SIGNALS, *SHAPE, *SKIN, *BESIDE, *FORESIGHT, *DEPARTURE)}
    signals["face_px"] = np.full(10, 30, np.float32)
    signals["yaw"] = np.zeros(10, np.float32)
    assert found_in(signals) == {}


def test_a_waxy_face_that_looks_dragged_is_waxy() -> None:
    signals = clean()
    signals["wax"][70:100] = signals["smear"][75:95] = 0.7
    assert [f.mode for f in find_all(track(), signals, FPS)] == ["waxy"]
    signals["shape_warp"][75:95] = 0.5
    assert [f.mode for f in find_all(track(), signals, FPS)] == ["waxy", "warp"]
    wax, beside = (Finding("waxy", 0, span, 0.7, "") for span in (Span(70, 100), Span(90, 120)))
    torn, bent, both = (
        Finding("warp", 0, Span(75, 95), 0.8, "", dict.fromkeys(names, 0.7))
        for names in (["smear"], ["shape_warp"], ["shape_warp", "smear"])
    )
    assert explained([wax, torn], FPS) == [wax] and explained([beside, torn], FPS) == [beside, torn]
    assert explained([wax, bent], FPS) == [wax, bent] and explained([wax, both], FPS) == [wax, both]
    collapse = Finding("collapsed", 0, Span(70, 100), 0.5, "")
    assert explained([collapse, torn], FPS) == [collapse] and explained([collapse, bent], FPS) == [collapse, bent]
    assert explained([collapse, both], FPS) == [collapse], "what is left of features bends the path, too"


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


def test_priors_reach_the_findings_of_their_mode_alone() -> None:
    signals = clean()
    bend(signals, slice(40, 54), 0.4)
    signals["shading"][90:102] += 4
    plain, shifted = (find_all(track(), signals, FPS, priors) for priors in (None, {"warp": 1.2}))
    assert [(f.mode, f.track, f.span) for f in plain] == [(f.mode, f.track, f.span) for f in shifted]
    assert shifted[0].mode == "warp" and shifted[0].severity > plain[0].severity
    assert shifted[1] == plain[1]
    assert {f.span.start for f in plain} <= set(range(48, 53)) | set(range(98, 103))


def test_faults_that_pass_are_told_without_knowing_who_it_is() -> None:
    signals = clean()
    del signals["identity_distance"], signals["departure"], signals["departure_identity"], signals["departure_tone"]
    assert not passing_faults(signals, FPS).any()
    bend(signals, slice(40, 54), 0.7)
    signals["mesh"][70:100] = 0.4
    signals["wax"][106:130] = 0.7
    faulty = passing_faults(signals, FPS)
    assert faulty[42:52].all() and faulty[76:94].all()
    assert not faulty[:36].any() and not faulty[58:66].any() and faulty[112:124].all()
    signals["wax"][:24] = 0.7
    assert not passing_faults(signals, FPS)[106:].any(), "it is waxy at first as well, and who it is then"


def test_only_what_is_visible_at_once_is_obvious() -> None:
    signals = clean()
    signals["mesh"][40:54] = 0.4
    signals["shading"][80:100] += 12
    signals["boil"][80:100] += 12
    signals["shape_flicker"][80:100] = 0.9
    gone, boiling = (obvious(mode, signals, FPS) for mode in ("collapsed", "flicker"))
    assert gone[42:52].all() and not gone[:34].any() and not gone[60:].any()
    assert boiling[83:97].all() and not boiling[:74].any() and not boiling[106:].any()
    signals["mesh"][40:54] = 0.72
    assert found_in(signals)["collapsed"][0].severity < 0.6 and not obvious("collapsed", signals, FPS).any()
