"""Folders into the queue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.jobs.orders import home_in

from facefix.jobs.batch import Wish, chosen, enqueue
from facefix.jobs.records import Result
from facefix.jobs.store import Queue
from facefix.settings import Settings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a.mp4", "b.mp4", "sub/a.mp4", "sub/take_2.mov"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "in"


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(home_in(tmp_path).file)


def clips(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def test_the_tree_is_mirrored(root: Path, queue: Queue, tmp_path: Path) -> None:
    queued = enqueue(queue, clips(root), Wish(root, None, Settings()))
    outs = [queue.job(n).order.out.relative_to(tmp_path) for n in queued.ids]
    assert [str(out) for out in outs] == [f"in_fixed/{n}" for n in ("a.mp4", "b.mp4", "sub/a.mp4", "sub/take_2.mov")]


def test_done_clips_are_told_apart(root: Path, queue: Queue) -> None:
    wish = Wish(root, None, Settings())
    enqueue(queue, clips(root), wish)
    job = queue.claim("w")
    assert job is not None and queue.finish(job, Result("clean", 1, "", {}), "")
    job.order.out.parent.mkdir(parents=True)
    job.order.out.write_text("result")
    queued = enqueue(queue, clips(root), wish)
    assert [one.id for one in queued.before] == [job.id] and len(queued.ids) == 3
    assert len(enqueue(queue, clips(root), replace(wish, again=True)).ids) == 4


def test_two_clips_with_one_result_are_refused_before_the_work(root: Path, queue: Queue) -> None:
    (root / "b.wmv").write_text("another container that becomes mp4")
    refused = enqueue(queue, clips(root), Wish(root, None, Settings())).refused
    assert len(refused) == 1 and "give one another name" in refused[0].error


@pytest.mark.parametrize(
    ("include", "exclude", "left"),
    [((), (), 4), (("*.mov",), (), 1), (("sub/*",), (), 2), ((), ("sub/*",), 2), (("a.mp4",), ("sub/*",), 1)],
)
def test_include_and_exclude(root: Path, include: tuple[str, ...], exclude: tuple[str, ...], left: int) -> None:
    assert len(chosen(clips(root), root, include, exclude)) == left
