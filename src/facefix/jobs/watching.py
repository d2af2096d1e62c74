"""A folder whose clips are queued as they finish arriving."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import watchfiles

from facefix.errors import FacefixError, SettingsError
from facefix.files import exists
from facefix.jobs import liveness
from facefix.jobs.arrivals import SETTLE_S, Arrivals
from facefix.jobs.batch import Wish, enqueue
from facefix.jobs.home import Home
from facefix.jobs.records import Job
from facefix.jobs.store import Queue

_LOOK_MS = 500
_RESCAN_S = 20.0
"""Between two looks at the whole folder: network drives lose events."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched, and how."""

    wish: Wish
    moved_to: Path | None = None
    """Where originals go when they are done; None: they stay."""
    settle_s: float = SETTLE_S
    polling: bool = False
    """Look instead of being told, as network drives need it."""

    def __post_init__(self) -> None:
        for folder in (self.wish.folder, self.moved_to):
            if folder == self.wish.root:
                raise SettingsError(f"{folder}: is the folder that is watched; name another.")


class Watcher:
    """A context in whose background clips are queued. on_trouble: told what cannot be queued."""

    def __init__(self, watch: Watch, home: Home, on_trouble: Callable[[str], None]) -> None:
        self._watch, self._home, self._on_trouble = watch, home, on_trouble
        self._end, self._looked = threading.Event(), threading.Event()
        self._arrivals = Arrivals(watch.settle_s)
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"watch {watch.wish.root}")

    @property
    def idle(self) -> bool:
        """Whether all that lies in the folder has been queued."""
        return self._looked.is_set() and not self._arrivals.waiting

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join(5)

    def _run(self) -> None:
        root, queue = self._watch.wish.root, Queue(self._home.file, liveness.alive)
        try:
            scanned = -_RESCAN_S
            for changes in watchfiles.watch(
                root, watch_filter=None, stop_event=self._end, yield_on_timeout=True, rust_timeout=_LOOK_MS, debounce=_LOOK_MS,
                raise_interrupt=False, force_polling=self._watch.polling or None, ignore_permission_denied=True,
            ):  # fmt: skip
                # Folders that were moved in come as one event, so a change makes the whole tree worth a look.
                if changes or time.monotonic() - scanned >= _RESCAN_S:
                    scanned = time.monotonic()
                    self._arrivals.notice(self._wanted(path for path in root.rglob("*") if path.is_file()))
                self._queue(queue, self._arrivals.arrived())
                self._looked.set()
        except (OSError, FacefixError) as error:
            self._on_trouble(f"{root}: cannot be watched any more ({error}).")
        finally:
            queue.close()

    def _wanted(self, paths: Iterable[Path]) -> list[Path]:
        """Without results and what was moved away."""
        closed = [folder for folder in (self._watch.wish.folder, self._watch.moved_to) if folder]
        return sorted(path for path in paths if not any(folder in path.parents for folder in closed))

    def _queue(self, queue: Queue, clips: list[Path]) -> None:
        results = {job.out for job in queue.jobs()} if clips else set()
        for job in enqueue(queue, [clip for clip in clips if clip not in results], self._watch.wish).refused:
            self._on_trouble(job.error)


def command_for(text: str, job: Job, home: Home) -> list[str]:
    """The words of `--on-done`, {clip}, {out}, {report} and {verdict} filled in; the result goes last where none is named."""
    places = {
        "{clip}": str(job.clip),
        "{out}": str(job.out),
        "{report}": str(home.report(job.id)),
        "{verdict}": job.verdict or "",
    }
    words = shlex.split(text)
    if not any(place in word for word in words for place in places):
        words.append("{out}")
    filled = []
    for word in words:
        for place, value in places.items():
            word = word.replace(place, value)
        filled.append(word)
    return filled


def run(command: list[str]) -> str | None:
    """Run a program and wait for it; a sentence where it fails."""
    try:
        code = subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode
    except OSError as error:
        return f"--on-done: {command[0]} cannot be started ({error.strerror})."
    return f"--on-done: {command[0]} ended with {code}." if code else None


def move(clip: Path, root: Path, folder: Path) -> str | None:
    """Move an original to its place under `folder`; a sentence where that cannot be."""
    target = folder / clip.relative_to(root)
    if exists(target, dangling=True):
        return f"{clip}: stays where it is, for {target} exists already."
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(clip, target)
    except OSError as error:
        return f"{clip}: cannot be moved to {target} ({error.strerror})."
    return None
