"""Skin without pores, and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.diagnose.modes.talking import LENGTH, clean, found_in


def test_skin_without_pores_is_wax() -> None:
    signals = clean()
    signals["wax"][70:100] = 0.7
    (found,) = found_in(signals)["waxy"]
    assert abs(found.span.start - 70) <= 4 and abs(found.span.end - 100) <= 4
    assert found.severity == pytest.approx(0.7, abs=0.1)


def test_skin_that_is_smooth_all_the_time_is_wax_only_where_that_is_visible_at_once() -> None:
    signals = clean()
    signals["wax"][:] = 0.4
    assert "waxy" not in found_in(signals)
    signals["wax"][:] = 0.8
    (found,) = found_in(signals)["waxy"]
    assert len(found.span) == LENGTH
    signals["wax"][:] = np.where(np.arange(LENGTH) < 70, 0.4, 0.05)
    assert "waxy" in found_in(signals)


def test_where_nothing_is_crisp_nobody_has_pores() -> None:
    signals = clean()
    signals["wax"][70:110] = 0.8
    signals["crispness"] *= 0.6
    signals["crispness"][60:120] = 0.8
    assert len(found_in(signals)["waxy"]) == 1, "hair is crisp"
    signals["crispness_out"][60:120] = 0.6
    assert "waxy" not in found_in(signals)


def test_a_small_face_has_no_wax() -> None:
    signals = clean()
    signals["wax"][70:100] = 0.9
    signals["face_px"][:] = 50
    assert "waxy" not in found_in(signals)
