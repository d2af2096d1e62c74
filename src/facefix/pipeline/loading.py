"""Networks stay in memory from clip to clip: a queue's worker loads each once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from facefix.models import zoo

Loaded = TypeVar("Loaded")
_KEPT = 16
"""More than one clip needs; what was not used longest is dropped."""


def loaded(load: Callable[[str], Loaded], files: Iterable[str], device: str) -> Loaded:
    """What `load` gives for a device, kept as long as the weights it is made of stay the same files.

    load: of what holds no state of a clip. files: names in the zoo. Raises what `load` raises.
    """
    return _kept(load, device, tuple(_evidence(name) for name in files))


@lru_cache(maxsize=_KEPT)
def _kept(load: Callable[[str], Any], device: str, evidence: tuple[tuple[Path, int, int] | None, ...]) -> Any:
    """The evidence is part of the memo's key alone."""
    return load(device)


def _evidence(name: str) -> tuple[Path, int, int] | None:
    path = zoo.locate(zoo.entry(name))
    if path is None:
        return None
    stat = path.stat()
    return path, stat.st_size, stat.st_mtime_ns
