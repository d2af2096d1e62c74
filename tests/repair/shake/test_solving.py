"""What every frame is shaken by, from pairs."""

from __future__ import annotations

import numpy as np

from facefix.repair.shake.solving import solved

T = 20
RNG = np.random.default_rng(0)
TRUE = RNG.normal(0, 0.5, (T, 4))
TRUE[:4] = TRUE[-4:] = 0
PAIRS = [(t, t - lag) for lag in (1, 2, 4) for t in range(lag, T)]
OFF = np.where(np.any(TRUE, 1)[:, None], 0.5, 0.1) * np.ones(4)


def told(noise: float) -> tuple[np.ndarray, np.ndarray]:
    apart = np.array([TRUE[t] - TRUE[s] for t, s in PAIRS]) + np.random.default_rng(1).normal(0, noise, (len(PAIRS), 4))
    return apart, np.tile(np.eye(4) / max(noise, 0.02) ** 2, (len(PAIRS), 1, 1))


def left(found: np.ndarray) -> float:
    return float(np.sqrt(np.square(found - TRUE).mean()) / np.sqrt(np.square(TRUE).mean()))


def test_frames_are_found_from_pairs() -> None:
    assert left(solved(PAIRS, told(0.01), np.zeros((T, 4)), OFF)) < 0.1
    assert left(solved(PAIRS, told(0.1), np.zeros((T, 4)), OFF)) < 0.4


def test_pairs_that_do_not_agree_lose_their_say() -> None:
    apart, sure = told(0.05)
    apart[::7] += 3
    assert left(solved(PAIRS, (apart, sure), np.zeros((T, 4)), OFF)) < 0.4


def test_what_was_thought_counts_where_pairs_are_not_sure() -> None:
    thought = TRUE + 0.1
    apart, sure = told(0.1)
    np.testing.assert_allclose(solved(PAIRS, (apart + 5, 1e-9 * sure), thought, OFF), thought, atol=1e-4)
    assert solved([], (np.zeros((0, 4)), np.zeros((0, 4, 4))), thought, OFF) is thought


def test_few_frames_are_solved_one_by_one() -> None:
    found = solved(
        [(1, 0)], (np.array([[1.0, 0, 0, 0]]), 100 * np.eye(4)[None]), np.zeros((2, 4)), np.array([[0.01] * 4, [9.0] * 4])
    )
    assert abs(found[0, 0]) < 0.01 and found[1, 0] > 0.9
