"""Work beside others: in order, with what it raises, and not at the cost of those it is done for."""

import gc
import os
import threading
from contextvars import ContextVar

import pytest

from facefix.repair.restorers.aside import Aside

NAME: ContextVar[str] = ContextVar("name", default="nobody")


def test_work_is_done_in_order_by_one_other_thread_that_sees_the_context_of_who_asks() -> None:
    aside, done = Aside(), []

    def work(number: int) -> tuple[str, int]:
        done.append(number)
        return NAME.get(), threading.get_ident()

    token = NAME.set("somebody")
    answers = [aside.begin(work, n).result() for n in range(5)]
    NAME.reset(token)
    assert done == [0, 1, 2, 3, 4]
    assert {name for name, _ in answers} == {"somebody"}
    assert len({thread for _, thread in answers} | {threading.get_ident()}) == 2


def test_what_work_raises_is_raised_to_who_takes_its_result() -> None:
    def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Aside().begin(work).result()


def test_networks_leave_a_core_to_who_asks_and_keep_theirs_elsewhere() -> None:
    import torch

    before = torch.get_num_threads()
    assert Aside().begin(torch.get_num_threads).result() == max(1, min(before, (os.cpu_count() or 2) - 1))
    assert torch.get_num_threads() == before


def test_the_thread_ends_with_who_holds_it() -> None:
    aside = Aside()
    thread = aside.begin(threading.current_thread).result()
    del aside
    gc.collect()
    thread.join(5)
    assert not thread.is_alive()
