"""Which looks are held against which others."""

from __future__ import annotations

import numpy as np

from facefix.diagnose.beside import pairing

TIMES = np.arange(60) / 15
ALL = np.ones(60, bool)


def test_others_are_a_second_away_apart_and_turned_alike_first() -> None:
    yaw = np.abs(np.arange(60) - 45.0)
    others = pairing.elsewhere(TIMES, np.stack([yaw, 0 * yaw], 1).astype(np.float32), ALL)
    assert len(others) == 60 and all(1 <= len(some) <= 5 for some in others)
    for i, some in enumerate(others):
        assert all(abs(i - j) >= 15 for j in some)
        assert all(abs(j - k) >= 3 for j in some for k in some if j != k)
    assert others[0] == sorted(others[0], key=lambda j: abs(yaw[j] - yaw[0]))


def test_a_short_track_has_no_elsewhere() -> None:
    assert pairing.elsewhere(TIMES[:10], np.zeros((10, 2), np.float32), ALL[:10]) == [[]] * 10
    assert pairing.elsewhere(TIMES[:0], np.zeros((0, 2), np.float32), ALL[:0]) == []


def test_later_looks_are_held_against_the_first_second_of_sound_ones() -> None:
    sound = ALL.copy()
    sound[:10] = False
    others = pairing.first(TIMES, np.zeros((60, 2), np.float32), sound)
    early = range(10, 28)
    assert all(some == [] for some in others[:28])
    assert all(len(some) == 6 and set(some) <= set(early) for some in others[28:])
    sound[40:45] = False
    others = pairing.first(TIMES, np.zeros((60, 2), np.float32), sound)
    assert all(some == [] for some in others[40:45]) and others[39] and others[45]
    sound[30:] = False
    assert pairing.first(TIMES, np.zeros((60, 2), np.float32), sound)[45], "later ones are all there is"
    sound[30:] = True
    yaw = np.linspace(0, 59, 60)
    others = pairing.first(TIMES, np.stack([yaw, 0 * yaw], 1).astype(np.float32), sound)
    assert others[40] == [27, 26, 25, 24, 23, 22]


def test_where_hardly_anything_is_sound_all_looks_count() -> None:
    sound = ~ALL
    sound[50] = True
    others = pairing.first(TIMES, np.zeros((60, 2), np.float32), sound)
    assert others[30] and max(others[30]) < 18
    assert pairing.first(TIMES[:0], np.zeros((0, 2), np.float32), ALL[:0]) == []
