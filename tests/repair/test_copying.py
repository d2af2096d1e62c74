"""Detail copied from one anchor onto a face that was rebuilt of many."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.repair.faces import SIDE, error, face

from facefix.repair.copying import copied
from facefix.types import Placed


@pytest.fixture
def sharp() -> np.ndarray:
    """A face with freckles of two pixels."""
    rng = np.random.default_rng(7)
    freckles = cv2.GaussianBlur(rng.standard_normal((SIDE, SIDE)).astype(np.float32), (0, 0), 1.2)
    return np.clip(0.8 * face() + 0.25 * freckles[..., None], 0, 1).astype(np.float32)


def soft(picture: np.ndarray) -> np.ndarray:
    """As a mean of frames half a pixel off has it."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5), np.float32)


def shifted(picture: np.ndarray, pixels: float) -> np.ndarray:
    matrix = np.float32([[1, 0, pixels], [0, 1, 0]])
    return np.asarray(cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))


def seen(picture: np.ndarray, coverage: float = 1.0) -> Placed:
    return Placed(picture, np.full((SIDE, SIDE), coverage, np.float32))


@pytest.mark.parametrize("off", [0.0, 1.5])
def test_freckles_come_back_where_they_belong(sharp: np.ndarray, off: float) -> None:
    rebuilt = soft(sharp)
    out = rebuilt + copied(rebuilt, seen(shifted(sharp, off)))
    assert error(out, sharp) < 0.5 * error(rebuilt, sharp)


def test_in_another_light_they_are_as_strong_as_the_light_makes_them(sharp: np.ndarray) -> None:
    rebuilt = soft(0.7 * sharp)
    out = rebuilt + copied(rebuilt, seen(sharp))
    assert error(out, 0.7 * sharp) < 0.5 * error(rebuilt, 0.7 * sharp)


def test_what_looks_otherwise_gives_nothing(sharp: np.ndarray) -> None:
    rebuilt, someone = soft(sharp), seen(sharp[:, ::-1].copy())
    assert np.abs(copied(rebuilt, someone)).mean() < 0.25 * np.abs(copied(rebuilt, seen(sharp))).mean()


def test_what_the_anchor_hardly_sees_is_not_copied(sharp: np.ndarray) -> None:
    assert not copied(soft(sharp), seen(sharp, 0.4)).any()
