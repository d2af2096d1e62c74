"""What boils, and what only lights up."""

from __future__ import annotations

from tests.diagnose.modes.talking import clean, found_in


def test_a_flash_is_no_flicker_whatever_it_does_to_the_face() -> None:
    signals = clean()
    signals["shading"][66:69] += 12
    signals["boil"][66:69] += 20
    assert len(found_in(signals)["flicker"]) == 1
    signals["flash"][65] = 20
    assert "flicker" not in found_in(signals)


def test_shading_that_jumps_is_flicker() -> None:
    signals = clean()
    signals["shading"][60:72] += 8
    (found,) = found_in(signals)["flicker"]
    assert abs(found.span.start - 60) <= 1 and abs(found.span.end - 72) <= 1


def test_hands_that_clap_before_a_face_do_not_make_it_flicker() -> None:
    signals = clean()
    signals["shading"][60:75] += 12
    assert "flicker" in found_in(signals)
    signals["tint"][58:77] = 2.5
    signals["mesh"][58:77] = 0.93 * 0.9
    assert "flicker" not in found_in(signals)
