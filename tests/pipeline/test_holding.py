"""Heads that are held where what is around them says they are: which frames, how far, in which axes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from tests.pipeline.test_registering import FRAMES, TREATED, TURN, known, track, treatment

from facefix.faces.mesh.straightening import Bent
from facefix.pipeline.holding import held, to_be_seen
from facefix.pipeline.straightening import Straightening, straightened
from facefix.plan import PlannedTrack
from facefix.repair.shake import places
from facefix.repair.shake.evidence import Pair
from facefix.types import Span

STEADY = np.ones(478, np.float32)
JERK = np.array([0.8, -0.5, 0.3, 0.4])
"""In axes of the views."""


BENT = Bent("flicker", TREATED, 0.6)
SOUND = np.array([i not in TREATED for i in range(FRAMES)])


class Knowing:
    """In the place of the network: knows that every second frame of the flicker is shaken."""

    steady = STEADY

    def __init__(self, frames: range, sure: float = 1e6) -> None:
        self.shaken = {i: JERK * (i in TREATED and i % 2) for i in frames}
        self.pairs = [(i, i - lag) for i in frames for lag in (1, 2, 4) if i - lag in frames]
        self.sure, self.asked = sure, 0

    def differences(self, pairs: Iterable[Pair]) -> tuple[np.ndarray, np.ndarray]:
        self.asked = len(list(pairs))
        apart = np.array([self.shaken[i] - self.shaken[j] for i, j in self.pairs])
        return apart, np.tile(self.sure * np.eye(4), (len(apart), 1, 1))


SEEN = range(TREATED.start - 6, TREATED.end + 6)


def test_a_shaken_head_is_held_in_the_frames_of_the_flicker() -> None:
    before, reader = known(), Knowing(SEEN)
    out = held(reader, before, track(), before.wanted, BENT, SOUND)  # pyright: ignore[reportArgumentType]
    assert reader.asked == len(reader.pairs)
    for i in range(FRAMES):
        off = places.shake(before.meshes[i], out[i], STEADY)
        # The views are turned as the face is, by 30 degrees.
        np.testing.assert_allclose(off, places.turn(TURN) @ reader.shaken[i] if i in SEEN else 0, atol=0.06)
    outside = [i for i in range(FRAMES) if i not in TREATED]
    np.testing.assert_array_equal(out[outside], before.wanted[outside])


def test_who_is_not_sure_leaves_heads_where_straightening_has_them() -> None:
    before = known()
    straight = before.wanted + np.float32([0.3, 0, 0])
    out = held(Knowing(SEEN, 1e-9), before, track(), straight, BENT, SOUND)  # pyright: ignore[reportArgumentType]
    np.testing.assert_allclose(out, straight, atol=1e-2)


def test_shapes_stay_as_straightening_has_them() -> None:
    before = known()
    straight = before.wanted + np.float32([1, 0, 0]) * np.sin(np.arange(478))[:, None]
    out = held(Knowing(SEEN), before, track(), straight, BENT, SOUND)  # pyright: ignore[reportArgumentType]
    assert np.abs(out - before.wanted)[TREATED.start].max() > 0.5
    np.testing.assert_allclose(places.brought(out[9], straight[9], STEADY), straight[9], atol=1e-3)


def test_frames_of_another_fault_near_by_are_not_taken_for_sound() -> None:
    before, reader = known(), Knowing(SEEN, 1.0)
    other = SOUND.copy()
    other[TREATED.end + 3 :] = False
    reader.shaken |= {i: JERK for i in SEEN if i >= TREATED.end}
    alone, beside = (
        held(reader, before, track(), before.wanted, BENT, sound)  # pyright: ignore[reportArgumentType]
        for sound in (SOUND, other)
    )
    # The pairs say that the last frames are shaken against what comes after: who is sound there is believed instead.
    last = TREATED.end - 1
    off = [np.linalg.norm(places.shake(before.meshes[last], out[last], STEADY) - places.turn(TURN) @ reader.shaken[last])
           for out in (alone, beside)]  # fmt: skip
    assert off[1] < off[0]


def test_without_pictures_nothing_is_held() -> None:
    before = known(range(0))
    reader: Any = Knowing(range(0))
    assert held(reader, before, track(), before.wanted, BENT, SOUND) is before.wanted


def test_only_what_is_near_a_flicker_is_seen() -> None:
    long = PlannedTrack(0, Span(100, 400), np.zeros((300, 5, 2), np.float32), np.ones(300, np.float32), ())
    some = [treatment("flicker", Span(100, 110)), treatment("warp", Span(10, 20))]
    assert to_be_seen(long, some) == set(range(200 - 6, 210 + 6))
    assert not to_be_seen(long, some[1:])


class Still:
    """Straightens nothing."""

    def straighten(self, meshes: np.ndarray, *_: object) -> np.ndarray:
        return meshes


@pytest.mark.parametrize("boils", [True, False])
def test_a_face_whose_light_alone_flickers_is_not_asked(boils: bool) -> None:
    reader, before = Knowing(SEEN), known()
    meshes = before.meshes.copy()
    if boils:
        meshes[TREATED.start : TREATED.end] += np.random.default_rng(0).normal(0, 1, (len(TREATED), 478, 3)).astype(np.float32)
    before = type(before)(before.span, meshes, meshes, (), {}, greys=before.greys)
    tools = Straightening(Still(), reader, 25.0)  # pyright: ignore[reportArgumentType]
    straightened(tools, before, track(), [treatment("flicker")], {"flicker": np.full(FRAMES, 0.6, np.float32)})
    assert (reader.asked > 0) == boils
