"""Where a head is, and how far it is shaken out of there."""

from __future__ import annotations

import numpy as np
import pytest
from tests.repair import faces

from facefix.repair.registration.evidence import eye_distance
from facefix.repair.shake import places

MESH = faces.mesh()
STEADY = np.linspace(0.1, 1, len(MESH)).astype(np.float32)


def shaken(shift: complex, growth: float, turn: float) -> np.ndarray:
    """The mesh moved by so many pixels, grown and turned (radians, clockwise) about its middle."""
    middle = places.middle(MESH, STEADY)
    laid = (places.flat(MESH) - middle) * growth * np.exp(1j * turn) + middle + shift
    return np.stack([laid.real, laid.imag, MESH[:, 2] * growth], 1).astype(np.float32)


@pytest.mark.parametrize(
    ("shift", "growth", "turn"), [(1 - 2j, 1.0, 0.0), (0j, 1.01, 0.0), (0j, 1.0, -0.01), (-1 + 1j, 0.99, 0.02)]
)
def test_a_shake_is_told_and_taken_out(shift: complex, growth: float, turn: float) -> None:
    mesh, unit, spread = shaken(shift, growth, turn), eye_distance(MESH) / 100, places.spread(MESH, STEADY)
    found = places.shake(mesh, MESH, STEADY)
    expected = np.array([shift.real, shift.imag, np.log(growth) * spread, turn * spread]) / unit
    np.testing.assert_allclose(found, expected, atol=0.01)
    # Percentages of one eye distance or another's: what is small is taken out all but exactly.
    np.testing.assert_allclose(places.without(mesh, found, STEADY), MESH, atol=0.02 * np.abs(expected).max() * unit)


def test_points_that_play_do_not_move_a_head() -> None:
    mouth = np.zeros(len(MESH), np.float32)
    mouth[:40] = 20
    steady = np.where(mouth > 0, 0, 1).astype(np.float32)
    np.testing.assert_allclose(places.shake(MESH + mouth[:, None], MESH, steady), 0, atol=1e-4)


def test_a_shape_is_brought_to_a_place_however_far() -> None:
    place, other = shaken(40 - 30j, 1.5, 0.6), MESH + np.float32([1, 0, 0]) * np.sin(np.arange(len(MESH)))[:, None]
    laid = places.brought(other.astype(np.float32), place, STEADY)
    np.testing.assert_allclose(places.shake(laid, place, STEADY), 0, atol=1e-3)
    back = places.brought(laid, other.astype(np.float32), STEADY)
    np.testing.assert_allclose(back, other, atol=1e-3)


def test_axes_that_were_turned_are_turned_back() -> None:
    angle = 0.7
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    here, there = ((np.hstack([m[:, :2] @ axes.T, m[:, 2:]])).astype(np.float32) for m in (shaken(3 + 1j, 1.01, 0.01), MESH))
    seen = places.shake(here, there, STEADY)
    np.testing.assert_allclose(places.turn(-angle) @ seen, places.shake(shaken(3 + 1j, 1.01, 0.01), MESH, STEADY), atol=1e-3)
