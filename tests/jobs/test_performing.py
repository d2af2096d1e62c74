"""Which worker works where."""

from dataclasses import replace
from pathlib import Path

from facefix.jobs.performing import on_its_device
from facefix.jobs.records import Order
from facefix.settings import Settings


def _device(device: str, number: int, workers: int) -> str:
    order = Order(Path("/a.mp4"), Path("/b.mp4"), Settings(device=device))
    placed = on_its_device(order, number, workers)
    assert placed.wish == order.wish
    assert replace(placed, settings=order.settings) == order
    return placed.settings.device


def test_workers_take_the_devices_in_turn() -> None:
    assert [_device("cuda:0,cuda:3", n, 3) for n in range(3)] == ["cuda:0", "cuda:3", "cuda:0"]


def test_one_worker_has_them_all() -> None:
    assert _device("cuda:0,cuda:3", 0, 1) == "cuda:0,cuda:3"


def test_one_device_is_shared() -> None:
    assert [_device("auto", n, 2) for n in range(2)] == ["auto", "auto"]
