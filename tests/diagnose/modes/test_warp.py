"""Features that bend, and texture that is dragged."""

from __future__ import annotations

import pytest
from tests.diagnose.modes.talking import bend, clean, found_in

from facefix.diagnose import weighing
from facefix.diagnose.modes.warp import by_looks, by_path
from facefix.diagnose.weighing import of as fitted


def test_texture_that_is_dragged_where_the_mesh_sees_nothing_is_a_warp_too() -> None:
    signals = clean()
    signals["smear"][70:85] = 0.7
    (finding,) = found_in(signals)["warp"]
    assert abs(finding.span.start - 70) <= 4 and abs(finding.span.end - 85) <= 4
    assert finding.evidence == {"smear": 0.7} and "dragged or torn" in finding.why
    signals["shape_warp"][70:85] = 0.4
    (finding,) = found_in(signals)["warp"]
    assert finding.evidence["shape_warp"] == 0.4 and "lies up to" in finding.why
    assert finding.evidence["smear"] == 0.7 and "dragged or torn" in finding.why, "the surer witness"
    assert finding.severity == pytest.approx(0.7, abs=0.1)
    signals["shape_warp"][70:85] = 0.9
    (finding,) = found_in(signals)["warp"]
    assert "shape_warp" in finding.evidence and "smear" not in finding.evidence
    signals["tint"][70:85] = 40
    assert "warp" not in found_in(signals), "something is before the face"


def test_what_both_witnesses_half_see_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    own = weighing.of
    monkeypatch.setattr(weighing, "of", lambda mode: fitted(mode) if mode == "warp" else own(mode))

    def told(smear: float, shape: float, unforeseen: float) -> bool:
        signals = clean()
        signals["smear"][70:85], signals["shape_warp"][70:85], signals["unforeseen"][70:85] = smear, shape, unforeseen
        return "warp" in found_in(signals)

    assert told(0.27, 0.27, 10)
    assert not told(0.27, 0.02, 0.5) and not told(0.01, 0.27, 10), "neither by itself"
    assert not told(0.21, 0.27, -30), "the path speaks against it"


def test_the_path_is_a_witness_when_it_half_shows_a_warp() -> None:
    signals = clean()
    signals["smear"][70:85] = 0.7
    for moved, witness in ((0.22, False), (0.27, True)):
        signals["shape_warp"][70:85] = moved
        (finding,) = found_in(signals)["warp"]
        assert by_path(finding) == witness and by_looks(finding)


def test_a_face_that_only_looks_torn_and_moves_as_it_does_elsewhere_is_none() -> None:
    signals = clean()
    signals["smear"][70:85] = 0.7
    signals["unforeseen"][65:90] = -8
    assert "warp" not in found_in(signals), "a wink"
    signals["unforeseen"][78:80] = 4
    assert "warp" in found_in(signals), "some of it nothing foretold"
    signals["unforeseen"][78:80] = -8
    signals["shape_warp"][70:85] = 0.7
    assert "warp" in found_in(signals), "the path shows it by itself"


@pytest.mark.parametrize(("signal", "value"), [("tint", 6.0), ("mesh", 0.85), ("crispness_out", 1.0)])
def test_what_passes_before_a_face_or_blurs_all_of_the_picture_only_looks_torn(signal: str, value: float) -> None:
    signals = clean()
    signals["smear"][70:95] = 0.7
    assert len(found_in(signals)["warp"]) == 1
    signals[signal][68:97] = value
    assert "warp" not in found_in(signals)


def test_what_boils_plainly_looks_torn_in_every_frame_and_is_no_warp() -> None:
    signals = clean()
    signals["smear"][70:95] = 0.7
    signals["shading"][66:99] += 12
    assert set(found_in(signals)) == {"flicker"}


@pytest.mark.parametrize("severity", [0.4, 0.6, 0.85])
def test_a_shape_that_no_face_takes_is_a_warp(severity: float) -> None:
    signals = clean()
    bend(signals, slice(40, 54), severity)
    signals["off_nose"][40:54] = 7
    signals["off_mouth"][:] = 9
    (found,) = found_in(signals).pop("warp")
    assert abs(found.span.start - 40) <= 1 and abs(found.span.end - 54) <= 1
    assert found.severity == pytest.approx(severity, abs=0.05)
    assert found.evidence["off_percent"] == pytest.approx(7)
    assert "the nose" in found.why


def test_something_of_the_skins_colour_before_a_face_bends_tears_and_waxes_nothing() -> None:
    signals = clean()
    signals["shape_warp"][40:60], signals["smear"][40:60] = 0.7, 0.4
    signals["wax"][90:120] = 0.7
    assert found_in(signals).keys() == {"warp", "waxy"}
    signals["tint"][38:62] = signals["tint"][88:122] = 2.5
    signals["mesh"][38:62] = signals["mesh"][88:122] = 0.93 * 0.95
    assert found_in(signals) == {}
    signals["smear"][40:60] = 0.7
    assert found_in(signals).keys() == {"warp"}, "no hand: it looks torn"


def test_a_mesh_that_went_astray_over_a_sound_face_is_no_warp() -> None:
    signals = clean()
    signals["shape_warp"][40:54] = 0.8
    assert "warp" not in found_in(signals)
    signals["smear"][45:48] = 0.21
    assert "warp" in found_in(signals), "a part of it shows"
    signals["smear"][45:48] = 0
    signals["tint"][38:56] = 6.0
    assert "warp" in found_in(signals), "what single frames look like there tells nothing"


def test_a_single_frame_is_no_warp_and_neither_is_a_profile() -> None:
    signals = clean()
    bend(signals, slice(40, 41), 0.9)
    bend(signals, slice(80, 94), 0.9)
    signals["yaw"][78:96] = 75
    assert "warp" not in found_in(signals)


def test_what_passes_before_a_face_bends_nothing() -> None:
    signals = clean()
    bend(signals, slice(60, 76), 0.8)
    signals["boil"][70:76] += 9
    assert found_in(signals).keys() == {"warp", "flicker"}
    signals["tint"][62:72] = 27
    assert found_in(signals) == {}
