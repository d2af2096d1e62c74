from __future__ import annotations

import numpy as np
import pytest

from facefix.repair.strength import RAMP_FRAMES, Dose, strength_curve
from facefix.types import Span

TRACK = Span(100, 200)


def curve(*doses: Dose, **conditions: np.ndarray) -> np.ndarray:
    return strength_curve(TRACK, doses, **conditions)


def test_a_finding_is_treated_in_full_and_nothing_far_from_it() -> None:
    strength = curve(Dose(Span(140, 150), 0.6))
    np.testing.assert_allclose(strength[40:50], 0.6, atol=1e-6)
    assert not strength[: 40 - RAMP_FRAMES - 1].any()
    assert not strength[50 + RAMP_FRAMES + 1 :].any()
    assert np.abs(np.diff(strength)).max() < 0.6 / RAMP_FRAMES * 1.6
    np.testing.assert_allclose(strength[30:60], strength[30:60][::-1], atol=1e-6)


def test_what_grows_is_treated_as_far_as_it_has_come() -> None:
    strength = curve(Dose(Span(120, 160), 0.6, rises=20))
    at_once = curve(Dose(Span(120, 160), 0.6))
    assert not strength[:20].any() and strength[24] == pytest.approx(0.6 / 2)
    assert np.diff(np.square(strength[20:40])) == pytest.approx(0.36 / 20, abs=1e-6)
    np.testing.assert_array_equal(strength[39:], at_once[39:])


def test_overlapping_doses_do_not_add_up() -> None:
    assert curve(Dose(Span(120, 160), 0.5), Dose(Span(140, 180), 0.4)).max() <= 0.5 + 1e-6
    assert not curve().any()


def test_it_fades_by_yaw_size_and_confidence_slowly() -> None:
    dose = Dose(TRACK, 1)
    assert curve(dose, yaw_deg=np.full(100, -80, np.float32)).max() == 0
    assert curve(dose, yaw_deg=np.full(100, 40, np.float32)).min() > 0.99
    assert curve(dose, face_px=np.full(100, 30, np.float32)).max() == 0
    assert curve(dose, face_px=np.full(100, 48, np.float32)).max() < 0.6
    score = np.ones(100, np.float32)
    score[50] = 0
    once = curve(dose, score=score)
    assert 0.8 < once.min() < 0.95
    score[40:60] = 0
    assert curve(dose, score=score).min() < 0.01
    assert np.abs(np.diff(curve(dose, score=score))).max() < 0.2


def test_what_is_before_a_face_is_not_painted_over() -> None:
    covered = np.zeros(100, bool)
    covered[40:50] = True
    strength = curve(Dose(TRACK, 1), covered=covered)
    assert not strength[40:50].any() and strength[[36, 53]].max() < 0.25
    np.testing.assert_allclose(strength[[15, 75]], 1, atol=1e-3)
    assert np.abs(np.diff(strength)).max() < 0.2


def test_what_is_not_known_counts_as_good() -> None:
    unknown = np.full(100, np.nan, np.float32)
    strength = curve(Dose(TRACK, 1), yaw_deg=unknown, face_px=unknown, score=unknown)
    np.testing.assert_allclose(strength, 1, atol=1e-6)
