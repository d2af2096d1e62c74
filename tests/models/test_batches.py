from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from facefix.errors import ModelError
from facefix.models.batches import Batches
from facefix.models.graphs import _MOST, _WARM, Replayed

CPU = torch.device("cpu")


class Doubling:
    """Runs out of memory above so many pictures."""

    def __init__(self, holds: int = 100) -> None:
        self.holds = holds
        self.given: list[tuple[int, ...]] = []

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
        self.given.append(tuple(pictures.shape))
        if len(pictures) > self.holds:
            raise torch.OutOfMemoryError("tried to allocate too much")
        return 2 * pictures.to(torch.bfloat16)


def pictures(count: int) -> list[np.ndarray]:
    return [np.full((4, 6, 3), number, np.float32) for number in range(count)]


def numbers(answers: object) -> list[float]:
    found = list(answers)  # type: ignore[call-overload]
    assert all(one.shape == (4, 6, 3) and one.dtype == np.float32 for one in found)
    return [float(one[0, 0, 0]) for one in found]


@pytest.mark.parametrize("count", [0, 1, 4, 11])
def test_pictures_go_through_several_at_a_time_and_come_back_in_order(count: int) -> None:
    forward = Doubling()
    assert numbers(Batches(forward, CPU, 4).run(pictures(count))) == [2.0 * n for n in range(count)]
    assert [shape[0] for shape in forward.given] == [min(4, count - start) for start in range(0, count, 4)]
    assert all(shape[1:] == (3, 4, 6) for shape in forward.given)


def test_out_of_memory_halves_the_batch_and_is_remembered() -> None:
    forward = Doubling(holds=2)
    batches = Batches(forward, CPU, 8)
    assert numbers(batches.run(pictures(11))) == [2.0 * n for n in range(11)]
    assert [shape[0] for shape in forward.given[:3]] == [8, 4, 2] and batches.size == 2
    forward.given.clear()
    assert numbers(batches.run(pictures(3))) == [0, 2, 4]
    assert [shape[0] for shape in forward.given] == [2, 1]


def test_answers_that_are_on_their_way_are_not_lost_where_memory_runs_out() -> None:
    class Late(Doubling):
        def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
            self.holds = 100 if len(self.given) < 2 else 1
            return super().__call__(pictures)

    batches = Batches(Late(), CPU, 4)
    batches._ahead = 1  # as on an accelerator
    assert numbers(batches.run(pictures(10))) == [2.0 * n for n in range(10)]


def test_a_device_that_holds_not_even_one_says_what_to_do() -> None:
    with pytest.raises(ModelError, match="--device cpu"):
        list(Batches(Doubling(holds=0), CPU, 4).run(pictures(2)))


def test_pictures_are_asked_for_as_they_are_needed() -> None:
    asked: list[int] = []
    source = (asked.append(n) or one for n, one in enumerate(pictures(9)))
    answers = Batches(Doubling(), CPU, 2).run(source)
    next(answers)
    assert asked == [0, 1]


def test_what_is_given_often_is_recorded_once_and_answers_are_the_same() -> None:
    recorded: list[tuple[int, ...]] = []

    def record(forward: Callable[[torch.Tensor], torch.Tensor], given: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
        recorded.append(tuple(given.shape))
        return forward

    plain = Doubling()
    replayed = Replayed(Doubling(), record)
    for step in range(_WARM + 4):
        for size in (8, 3) if step == 0 else (8,):
            given = torch.rand(size, 3, 4, 6)
            assert torch.equal(replayed(given), plain(given))
    assert recorded == [(8, 3, 4, 6)]
    for size in range(20, 20 + 2 * _MOST):
        for _ in range(_WARM + 1):
            replayed(torch.rand(size, 3, 4, 6))
    assert len(recorded) == _MOST


def test_what_cannot_be_recorded_runs_as_before() -> None:
    tried: list[int] = []

    def record(forward: object, given: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
        tried.append(len(given))
        raise torch.OutOfMemoryError("no room for a recording")

    replayed = Replayed(Doubling(), record)
    for _ in range(_WARM + 3):
        assert float(replayed(torch.ones(2, 3, 4, 6)).mean()) == 2
    assert tried == [2]


def test_running_out_of_memory_in_a_pass_is_not_taken_for_a_recording_that_failed() -> None:
    replayed = Replayed(Doubling(holds=1), lambda forward, given: forward)
    for _ in range(_WARM + 2):
        with pytest.raises(torch.OutOfMemoryError):
            replayed(torch.ones(2, 3, 4, 6))
