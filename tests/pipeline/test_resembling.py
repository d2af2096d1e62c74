"""The fit of a face to its character: it finds the amounts, stops at what is known of the target, and leaves well alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from facefix.pipeline import resembling, trial

FIELDS = 5
RNG = np.random.default_rng(5)
EFFECT = RNG.normal(0, 0.04, (128, FIELDS))
FACE = RNG.normal(0, 0.05, 128)


@dataclass
class Place:
    """In place of a frame: what the network sees of it is linear in the amounts."""

    fields: np.ndarray = field(default_factory=lambda: np.zeros((FIELDS, 478, 3), np.float32))

    def moved(self, amounts: np.ndarray) -> np.ndarray:
        return FACE + EFFECT @ amounts


@pytest.fixture(autouse=True)
def linear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "embedded", lambda judge, sights: np.stack(sights).astype(np.float32))


def fitted(target: np.ndarray, error: float, ease: float = 1.0) -> Any:
    judge: Any = None
    places: Any = [Place(), Place()]
    return resembling._fitted(judge, places, target.astype(np.float32), error, ease)


def test_amounts_are_found() -> None:
    wanted = np.array([1.8, 0.5, 1.0, -1.2, 0.3])
    found = fitted(FACE + EFFECT @ wanted, 0.0)
    assert np.abs(found - wanted).max() < 0.15


def test_nothing_is_fitted_below_what_is_known_of_the_target() -> None:
    wanted = np.array([1.8, 0.5, 1.0, -1.2, 0.3])
    target = FACE + EFFECT @ wanted
    straight = float(np.linalg.norm(EFFECT @ (wanted - np.eye(FIELDS)[0])))
    left = np.linalg.norm(FACE + EFFECT @ fitted(target, straight / 2) - target)
    assert abs(left - straight / 2) < 0.1 * straight
    assert fitted(target, straight) is None


def test_a_face_that_is_the_characters_already_is_left_alone() -> None:
    assert fitted(FACE + EFFECT[:, 0], 0.05) is None


def test_less_strength_goes_less_far() -> None:
    wanted = np.array([2.5, 0.5, 2.0, -2.0, 1.0])
    full, half = (np.linalg.norm(fitted(FACE + EFFECT @ wanted, 0.0, ease)[2:]) for ease in (1.0, 0.1))
    assert half < full
