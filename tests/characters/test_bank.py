"""The bank is kept, and made again when it is no longer this character's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.faces.people import person

from facefix.characters import bank, bible
from facefix.characters.bank import Bank, Banked
from facefix.characters.bible import Character, TextAnchors, View
from facefix.types import Look, Pose

NETWORKS = ("a", "b")


def look(seed: int, known: bool = True) -> Look:
    rng = np.random.default_rng(seed)
    shape, texture = rng.normal(size=(478, 3)), rng.random((4, 8, 8))
    identity = person(seed) if known else None
    return Look(identity, shape.astype(np.float32), Pose(3, -2, 1), np.float32([60, 12, 15]), texture.astype(np.float32))


def mia(folder: Path) -> tuple[Character, Bank]:
    one = Character(
        "mia", folder / "mia", "", TextAnchors(), (View("a.png", "front", "neutral", True), View("b.png", "up", "smile"))
    )
    bible.write(one, {"a.png": b"one", "b.png": b"two"})
    views = (Banked(look(1), np.ones((478, 3), np.float32), np.ones((5, 2), np.float32)),)
    views += (Banked(look(2, known=False), np.zeros((478, 3), np.float32), np.zeros((5, 2), np.float32)),)
    return one, Bank(bank.key(one, NETWORKS), views)


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    one, made = mia(tmp_path)
    assert bank.load(one, made.key) is None
    bank.save(one, made)
    again = bank.load(one, made.key)
    assert again is not None and again.views[1].look.identity is None
    assert np.array_equal(again.views[0].look.shape, made.views[0].look.shape)
    assert again.views[0].look.pose == Pose(3, -2, 1) and again.identities.shape == (1, 128)


def test_other_pictures_other_networks_or_a_damaged_file_make_it_anew(tmp_path: Path) -> None:
    one, made = mia(tmp_path)
    bank.save(one, made)
    assert bank.key(one, reversed(NETWORKS)) == made.key != bank.key(one, ("a", "c"))
    (one.folder / "b.png").write_bytes(b"another")
    assert bank.load(one, bank.key(one, NETWORKS)) is None
    (one.folder / bank.FILE).write_bytes((one.folder / bank.FILE).read_bytes()[:1000])
    assert bank.load(one, made.key) is None


def test_pictures_that_lie_apart_have_a_spread(tmp_path: Path) -> None:
    _, made = mia(tmp_path)
    assert made.spread == 0
    two = Bank("", (made.views[0], Banked(look(3), made.views[0].mesh, made.views[0].points)))
    assert abs(two.spread - np.linalg.norm(person(1) - person(3))) < 1e-6
