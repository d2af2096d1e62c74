"""The network with its weights, in numpy's terms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tests.repair import faces
from tests.repair.registration.test_evidence import FACE, MESH, grey

from facefix.bench.faults import flicker
from facefix.errors import ModelError
from facefix.faces.mesh.mesher import Mesher
from facefix.repair.registration.evidence import SIDE_PX, View, eye_distance
from facefix.repair.shake import places, reading
from facefix.repair.shake.evidence import Pair, compared
from facefix.repair.shake.reading import ShakeReader
from facefix.repair.shake.solving import solved
from facefix.types import Span

SAME = np.float32([[1, 0, 0], [0, 1, 0]])
SCALE = SIDE_PX / faces.SIDE
FRAMES, BOILING = 30, Span(8, 22)
PAIRS = [(t, t - lag) for lag in (1, 2, 4) for t in range(lag, FRAMES)]


@pytest.fixture(scope="module")
def reader() -> ShakeReader:
    return ShakeReader("cpu")


@dataclass(frozen=True)
class Seen:
    """A face that boils as the bench has it, its head swaying so many times as far as `faces.path`."""

    views: list[View]
    true: np.ndarray
    """(FRAMES, 4) what its meshes are shaken by."""

    def pairs(self, steady: np.ndarray) -> list[Pair]:
        return [compared(self.views[i], self.views[j], SAME, steady) for i, j in PAIRS]


@lru_cache(maxsize=4)
def boiling(sway: float) -> Seen:
    shifts = sway * np.float32(faces.path(FRAMES))
    sound = [np.round(faces.moved(faces.face(), *shift) * 255).astype(np.uint8) for shift in shifts]
    five = faces.FIVE + shifts[:, None]
    spoilt = list(flicker.inject(sound, five, 0.6, 7, BOILING))
    meshes, clean = (Mesher("cpu").meshes(some, five).points for some in (spoilt, sound))
    views = [View(grey(s / np.float32(255)), m * SCALE) for s, m in zip(spoilt, meshes, strict=True)]
    steady = ShakeReader("cpu").steady
    return Seen(views, np.stack([places.shake(m, c, steady) for m, c in zip(meshes, clean, strict=True)]))


@pytest.mark.parametrize(("sway", "left"), [(0, 0.35), (1, 0.5), (3, 0.6)])
def test_who_is_shaken_differently_is_told(reader: ShakeReader, sway: float, left: float) -> None:
    """A head that sways, of which nothing stands still but the picture's frame, is no harder by much."""
    seen = boiling(sway)
    true = np.array([seen.true[i] - seen.true[j] for i, j in PAIRS])
    found, sure = reader.differences(seen.pairs(reader.steady))
    shaken = np.abs(true).sum(1) > 0.3
    for got, wanted in zip(found[shaken].T, true[shaken].T, strict=True):
        assert np.sqrt(np.square(got - wanted).mean()) < left * np.sqrt(np.square(wanted).mean())
        assert np.corrcoef(got, wanted)[0, 1] > 0.9
    assert (np.linalg.eigvalsh(sure) > 0).all()


def test_a_head_that_moves_is_not_shaken(reader: ShakeReader) -> None:
    shift = np.float32([5, -3, 0])
    head = View(grey(faces.moved(faces.face(), float(shift[0]), float(shift[1]))), MESH + shift * SCALE)
    found, _ = reader.differences([compared(head, FACE, SAME, reader.steady)])
    assert np.abs(found).max() < 0.15 * np.linalg.norm(shift * SCALE) / eye_distance(MESH) * 100


def test_frames_of_a_face_that_boils_are_found(reader: ShakeReader) -> None:
    seen, near = boiling(1), np.arange(FRAMES)
    off = np.where(((near >= BOILING.start) & (near < BOILING.end))[:, None], 0.5, 0.1) * np.ones(4)
    found = solved(PAIRS, reader.differences(seen.pairs(reader.steady)), np.zeros((FRAMES, 4)), off)
    inside = slice(BOILING.start, BOILING.end)
    assert np.square(found - seen.true)[inside].mean() < 0.35 * np.square(seen.true)[inside].mean()


def test_many_pairs_are_asked_in_parts(reader: ShakeReader, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = boiling(1).pairs(reader.steady)[20:23]
    whole = reader.differences(pairs)
    monkeypatch.setattr(reading, "BATCH", 2)
    for a, b in zip(whole, reader.differences(iter(pairs)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
    nothing = reader.differences([])
    assert nothing[0].shape == (0, 4) and nothing[1].shape == (0, 4, 4)


def test_foreign_weights_are_told(tmp_path: Path) -> None:
    save_file({"nothing": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(ModelError, match="the shake of heads"):
        ShakeReader("cpu", tmp_path / "x.safetensors")
