"""Runs one job per clip: folders are expanded, one failure does not stop the rest, the exit code tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from facefix.cli.terminal import complain
from facefix.errors import FacefixError, SettingsError
from facefix.files import clips_in, is_folder
from facefix.types import Verdict


@dataclass(frozen=True, slots=True)
class Source:
    """A clip to work on, and the folder it was found under when a folder was named."""

    clip: Path
    root: Path | None = None
    problem: FacefixError | None = None
    """Why there is nothing to work on: a folder without clips."""

    def folder_in(self, folder: Path) -> Path:
        """Where in `folder` what belongs to this clip goes: sub-folders stay apart."""
        return folder / self.clip.relative_to(self.root).parent if self.root is not None else folder


def expand(paths: Sequence[Path]) -> list[Source]:
    """Clips as named, folders as the clips under them, in order, each once."""
    found: dict[Path, Source] = {}
    for path in paths:
        for source in _in_folder(path) if is_folder(path) else [Source(path)]:
            found.setdefault(source.clip.absolute(), source)
    return list(found.values())


def _in_folder(folder: Path) -> list[Source]:
    try:
        return [Source(clip, folder) for clip in clips_in(folder)]
    except FacefixError as error:
        return [Source(folder, folder, error)]


def run_each(sources: Sequence[Source], job: Callable[[Source], Verdict], *, strict: bool, debug: bool) -> int:
    """Run `job` on each clip and return the exit code; with `debug` the first error is raised instead."""
    errors: list[Exception] = []
    verdicts: set[Verdict] = set()
    for source in sources:
        try:
            if source.problem is not None:
                raise source.problem
            verdicts.add(job(source))
        except BrokenPipeError:
            raise
        except Exception as error:
            if debug:
                raise
            errors.append(error)
            complain(error, source.clip)
    if errors:
        return 3 if verdicts else 2 if all(isinstance(error, SettingsError) for error in errors) else 1
    return 4 if strict and "regenerate" in verdicts else 0
