from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest
from tests.repair.faces import SIDE, mesh, meshes, turning

from facefix.errors import ModelError
from facefix.faces.align import FFHQ_TEMPLATE
from facefix.faces.mesh.topology import TRIANGLES
from facefix.repair.cures import Patient
from facefix.repair.face import Course, FaceRepair
from facefix.repair.restorers.rounds import Rounds
from facefix.types import Crop, Patch, Span

FRAMES = 30
POINTS = (FFHQ_TEMPLATE * SIDE / 512).astype(np.float32)


class Darker:
    """A restorer that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, list[float]]] = []

    def restore(self, crops: np.ndarray, source_px: float | Sequence[float]) -> np.ndarray:
        self.asked.append((crops.shape[1], list(np.broadcast_to(source_px, len(crops)))))
        return 0.9 * crops


def crop(side: int, value: float) -> np.ndarray:
    return np.full((side, side, 3), value, np.float32)


def test_crops_are_restored_together_by_their_sides_and_everyone_gets_his_own() -> None:
    darker = Darker()
    rounds = Rounds(darker, 4)
    answers = [rounds.ask(crop(side, n / 10), 100 + n) for n, side in enumerate([16, 32, 16, 16, 16])]
    assert [float(answer()[0, 0, 0]) for answer in answers] == pytest.approx([0.09 * n for n in range(5)])
    assert darker.asked == [(16, [100, 102, 103]), (32, [101]), (16, [104])]


def test_a_round_of_one_is_held_at_once_in_another_thread() -> None:
    began, go = threading.Event(), threading.Event()

    class Slow(Darker):
        def restore(self, crops: np.ndarray, source_px: float | Sequence[float]) -> np.ndarray:
            began.set()
            assert go.wait(5)
            return super().restore(crops, source_px)

    answer = Rounds(Slow()).ask(crop(16, 0.5), 90)
    assert began.wait(5)
    go.set()
    assert float(answer().max()) == pytest.approx(0.45)


@pytest.mark.parametrize("size", [1, 2])
def test_what_the_restorer_cannot_do_is_told_to_who_asked(size: int) -> None:
    class Full:
        def restore(self, crops: np.ndarray, source_px: object) -> np.ndarray:
            raise ModelError("too little free memory")

    rounds = Rounds(Full(), size)
    answers = [rounds.ask(crop(16, 0.5), 90) for _ in range(2)]
    for answer in answers:
        with pytest.raises(ModelError, match="too little"):
            answer()


def patches(rounds: Rounds, tracks: int) -> list[dict[int, Patch]]:
    """Of some tracks that are repaired side by side."""
    curve = np.zeros(FRAMES, np.float32)
    curve[8:22] = 1
    patient = Patient(rounds, None, (), mesh(), TRIANGLES, float(SIDE), 24.0, POINTS, SIDE)
    repairs = [FaceRepair(Course(Span(0, FRAMES), {"waxy": curve}, patient)) for _ in range(tracks)]
    found: list[list[Patch]] = [[] for _ in repairs]
    late = 0
    for frame, (pixels, here) in enumerate(zip(turning(FRAMES), meshes(FRAMES), strict=True)):
        for repair, got in zip(repairs, found, strict=True):
            if repair.wants(frame):
                some = repair.push(Crop(frame, pixels, np.eye(2, 3, dtype=np.float32)), POINTS, here, here)
                late = max([late, *(frame - patch.frame for patch in some)])
                got += some
    assert late <= repairs[0].delay
    return [{patch.frame: patch for patch in got + repair.flush()} for got, repair in zip(found, repairs, strict=True)]


def test_faces_that_share_rounds_come_out_as_those_that_do_not() -> None:
    alone, together = Darker(), Darker()
    (expected,), shared = patches(Rounds(alone), 1), patches(Rounds(together, 8), 2)
    assert len(alone.asked) == 20
    assert [len(px) for _, px in together.asked][:4] == [8, 8, 8, 8] and sum(len(px) for _, px in together.asked) == 40
    assert expected.keys() == set(range(8, 22))
    for one in shared:
        assert one.keys() == expected.keys()
        for frame, patch in one.items():
            np.testing.assert_array_equal(patch.residual, expected[frame].residual)
