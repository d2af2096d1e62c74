"""Jobs without pixels: a clip is a text file, and to perform is to write what `done` says of it."""

from __future__ import annotations

from pathlib import Path

from facefix import pipeline
from facefix.jobs.home import Home
from facefix.jobs.records import Order, Result
from facefix.jobs.store import Queue
from facefix.plan import fingerprint
from facefix.settings import Settings


def home_in(folder: Path) -> Home:
    return Home(folder / "queue.sqlite").made()


def order(folder: Path, name: str = "a", text: str | None = None, **settings: object) -> Order:
    """An order for a clip that is made."""
    clip = folder / f"{name}.mp4"
    clip.parent.mkdir(parents=True, exist_ok=True)
    clip.write_text(name if text is None else text)
    return Order(clip, folder / "out" / f"{name}.mp4", Settings(**settings))  # pyright: ignore[reportArgumentType]


def queued(queue: Queue, one: Order, **more: object) -> int:
    return queue.add(one, fingerprint(one.clip), **more).id  # pyright: ignore[reportArgumentType]


def done(order: Order) -> str:
    return f"done: {order.clip.read_text()}"


def perform(order: Order, workspace: pipeline.Workspace, progress: pipeline.Progress) -> Result:
    """A `jobs.performing.Perform`."""
    progress("repairing", 5, 10)
    order.out.parent.mkdir(exist_ok=True)
    workspace.deliver()
    order.out.write_text(done(order))
    return Result("repair", 10, f"{order.clip}: repaired", {"clip": str(order.clip)})
