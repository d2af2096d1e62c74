"""Which files of a folder have finished arriving."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import av
from av.error import FFmpegError

from facefix.errors import FacefixError
from facefix.files import CLIP_SUFFIXES
from facefix.media import probe

SETTLE_S = 3.0
"""How long a file must neither grow nor change, by default."""
PATIENCE = 20.0
"""A file that still does not open after so many times `SETTLE_S` is taken as it is: whoever works on it says what is wrong."""
_UNFINISHED = (".part", ".crdownload", ".download", ".tmp", ".partial", ".filepart", ".aria2", ".!qb")
"""Endings under which browsers and copy tools write; also before the clip's own: `clip.part.mp4`."""


@dataclass(slots=True)
class _Waiting:
    size: int
    changed_ns: int
    since: float


class Arrivals:
    """Files are named to it as they are noticed; it gives each back once, when it is whole."""

    def __init__(self, settle_s: float = SETTLE_S, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settle_s, self._clock = settle_s, clock
        self._waiting: dict[Path, _Waiting] = {}
        self._taken: dict[Path, tuple[int, int]] = {}

    @property
    def waiting(self) -> bool:
        """Whether some file has not finished arriving."""
        return bool(self._waiting)

    def notice(self, paths: Iterable[Path]) -> None:
        """Files that may be new or changed."""
        for path in paths:
            found = _state(path) if is_clip_name(path) else None
            if found is not None and self._taken.get(path) != found and path not in self._waiting:
                self._waiting[path] = _Waiting(*found, self._clock())

    def arrived(self) -> list[Path]:
        """Files that have been still for long enough and open, in the order in which they were noticed."""
        whole, now = [], self._clock()
        for path, waiting in list(self._waiting.items()):
            found = _state(path)
            if found is None:
                del self._waiting[path]
            elif found != (waiting.size, waiting.changed_ns):
                self._waiting[path] = _Waiting(*found, now)
            elif now - waiting.since >= self._settle_s and (self._given_up(waiting, now) or is_whole(path)):
                del self._waiting[path]
                self._taken[path] = found
                whole.append(path)
        return whole

    def _given_up(self, waiting: _Waiting, now: float) -> bool:
        return now - waiting.since >= PATIENCE * self._settle_s


def is_clip_name(path: Path) -> bool:
    """Whether a file of that name is meant to be a clip, and finished."""
    name = path.name.lower()
    if name.startswith((".", "~")) or name.endswith("~") or path.suffix.lower() not in CLIP_SUFFIXES:
        return False
    return not any(ending in _UNFINISHED for ending in Path(name).suffixes)


def is_whole(path: Path) -> bool:
    """Whether a clip opens and holds all that it declares, sound as well; nothing is decoded."""
    try:
        probe.probe(path)
        with av.open(path, metadata_errors="replace") as container:
            found = dict.fromkeys(range(len(container.streams)), 0)
            for packet in container.demux():
                if packet.is_corrupt:
                    return False
                found[packet.stream_index] += bool(packet.size)
            return all(found[stream.index] >= stream.frames for stream in container.streams)
    except (FacefixError, FFmpegError, OSError):
        return False


def _state(path: Path) -> tuple[int, int] | None:
    """Size and time of change; None where there is no such file."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns
