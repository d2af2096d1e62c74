"""The course of a benchmark: case after case, each with the clean clip that it is made from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from facefix.bench import clips
from facefix.bench.cases import Case
from facefix.bench.clips import CleanClip
from facefix.errors import InputError

_LOG = logging.getLogger(__name__)

SECONDS = 5.0
"""How much of each clip is used, from its start."""

Progress = Callable[[int, int, str], None]
"""Called with cases done, cases in all, and what comes next."""


def silent(done: int, total: int, name: str) -> None:
    """The progress of those who do not ask."""


def in_turn(chosen: Sequence[Case], seconds: float, cache: Path | None, progress: Progress) -> Iterator[tuple[Case, CleanClip]]:
    """The cases one at a time. Clips without a face are left out with a warning.

    Raises:
        InputError: no clip of the cases shows a face.
        OutputError: the cache cannot be written.
    """
    known: dict[Path, CleanClip | None] = {}
    for done, case in enumerate(chosen):
        progress(done, len(chosen), case.name)
        if case.clip not in known:
            known[case.clip] = _loaded(case.clip, seconds, cache)
        clip = known[case.clip]
        if clip is not None:
            yield case, clip
    progress(len(chosen), len(chosen), "")
    if known and not any(known.values()):
        raise InputError(f"{next(iter(known)).parent}: no clip shows a face or can be read; name a folder of clips that do.")


def _loaded(path: Path, seconds: float, cache: Path | None) -> CleanClip | None:
    """The clean clip, or None, with a warning, where it shows no face."""
    try:
        return clips.load(path, seconds, cache)
    except InputError as error:
        _LOG.warning("%s", error)
        return None
