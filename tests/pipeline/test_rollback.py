"""What is taken back, and that it ends."""

from __future__ import annotations

import pytest

from facefix.pipeline.proof import MEASURES, Measured
from facefix.pipeline.rollback import RENDERS, Rollback
from facefix.plan import Treatment
from facefix.types import Span

REACH = 24
MEASURE = MEASURES["warp"][0]


def treatment(start: int, end: int, mode: str = "warp", track: int = 0) -> Treatment:
    return Treatment(track, mode, Span(start, end), 0.6, 0.6, "")


def said(treatments: list[Treatment], worse: list[Treatment]) -> list[Measured]:
    return [Measured(t, MEASURE, 0.3, 0.4 if any(t is w for w in worse) else 0.2) for t in treatments]


def test_without_harm_one_render_is_enough() -> None:
    every = [treatment(0, 10), treatment(5, 15, "waxy")]
    rollback = Rollback(every, REACH)
    assert rollback.open == every
    assert not rollback.again(said(every, []))
    assert rollback.kept == every and all(proof.kept and proof.improved for proof in rollback.proofs())


def test_what_did_harm_goes_and_what_lies_beside_it_is_measured_again() -> None:
    bad, beside = treatment(0, 10), treatment(30, 40, "waxy")
    far, other = treatment(300, 320), treatment(0, 10, track=1)
    rollback = Rollback([bad, beside, far, other], REACH)
    assert rollback.again(said(rollback.open, [bad]))
    assert rollback.kept == [beside, far, other] and rollback.open == [beside]
    assert not rollback.again([Measured(beside, MEASURE, 0.3, 0.25)])
    proofs = rollback.proofs()
    assert [proof.kept for proof in proofs] == [False, True, True, True]
    assert proofs[1].after == 0.25 and proofs[2].after == 0.2


def test_what_did_no_good_goes_but_only_once() -> None:
    idle, beside = treatment(0, 10), treatment(30, 40, "waxy")
    rollback = Rollback([idle, beside], REACH)
    assert rollback.again([Measured(idle, MEASURE, 0.3, 0.295), Measured(beside, MEASURE, 0.3, 0.2)])
    assert rollback.kept == [beside] and rollback.open == [beside]
    # The next would cost those beside it their place, and it does no harm.
    assert not rollback.again([Measured(beside, MEASURE, 0.3, 0.295)])
    left, kept = rollback.proofs()
    assert not left.kept and "no better (identity distance 0.30 -> 0.29)" in left.sentence
    assert kept.kept and "not improved" in kept.sentence


def test_what_its_measure_may_not_see_stays() -> None:
    wax, untouched = treatment(0, 10, "waxy"), treatment(30, 40)
    rollback = Rollback([wax, untouched], REACH)
    signal = MEASURES["waxy"][-1]
    assert not rollback.again([Measured(wax, signal, 0.69, 0.64), Measured(untouched, MEASURE, 0.3, 0.3, touched=False)])
    assert rollback.kept == [wax, untouched]


def test_what_touched_no_frame_is_kept_and_not_done() -> None:
    faded, done = treatment(0, 10), treatment(5, 15, "waxy")
    rollback = Rollback([faded, done], REACH)
    assert not rollback.again([Measured(faded, None, touched=False), Measured(done, MEASURE, 0.3, 0.2)])
    assert rollback.kept == [faded, done] and rollback.done == (done,)


def test_harm_in_the_second_render_takes_all_that_is_near_and_the_third_is_the_last() -> None:
    chain = [treatment(40 * i, 40 * i + 20) for i in range(6)]
    far = treatment(1000, 1020)
    rollback = Rollback([*chain, far], REACH)
    assert rollback.again(said(rollback.open, [chain[0]]))
    assert rollback.again(said(rollback.open, [chain[1]]))
    assert rollback.kept == [far] and rollback.open == []
    assert not rollback.again(said(rollback.open, []))
    sentences = [proof.sentence for proof in rollback.proofs()]
    assert "made it worse" in sentences[1] and "beside it did harm" in sentences[2] and "repaired" in sentences[6]


@pytest.mark.parametrize("count", [1, 7, 40])
def test_it_ends_even_if_everything_always_does_harm(count: int) -> None:
    rollback, renders = Rollback([treatment(10 * i, 10 * i + 8) for i in range(count)], REACH), 1
    # The first of those that are measured, one at a time: the slowest way to an end.
    while rollback.again(said(rollback.open, rollback.open[:1])):
        renders += 1
    assert renders <= RENDERS
    assert len(rollback.proofs()) == count
