"""Runs one job per clip: folders are expanded, one failure does not stop the rest, the exit code tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from facefix.errors import FacefixError, SettingsError
from facefix.files import clips_in
from facefix.types import Verdict


@dataclass(frozen=True, slots=True)
class Source:
    """A clip to work on, and the folder it was found under when a folder was named."""

    clip: Path
    root: Path | None = None


def expand(paths: Sequence[Path]) -> list[Source]:
    """Clips as named, folders as the clips under them, in order, each once.

    Raises:
        InputError: a folder holds no clip.
    """
    found: dict[Path, Source] = {}
    for path in paths:
        for source in [Source(clip, path) for clip in clips_in(path)] if path.is_dir() else [Source(path)]:
            found.setdefault(source.clip.absolute(), source)
    return list(found.values())


def run_each(sources: Sequence[Source], job: Callable[[Source], Verdict], *, strict: bool, debug: bool) -> int:
    """Run `job` on each clip and return the exit code."""
    failed, verdicts = 0, set()
    for source in sources:
        try:
            verdicts.add(job(source))
        except SettingsError:
            raise
        except FacefixError as error:
            if debug:
                raise
            failed += 1
            click.echo(f"facefix: {error}", err=True)
    if failed:
        return 1 if failed == len(sources) else 3
    return 4 if strict and "regenerate" in verdicts else 0
