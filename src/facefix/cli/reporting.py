"""`--report DIR` of the commands that work clip by clip: each clip's place in the folder, and the index of several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from facefix.cli.each import Source
from facefix.errors import OutputError
from facefix.files import INDEX, check_output, folder_made, page_path
from facefix.settings import Settings


class Reports:
    """The pages of one command."""

    def __init__(self, settings: Settings, *, several: bool, overwrite: bool) -> None:
        """several: an index is to lead to the pages. Raises OutputError where its place is taken by what is none."""
        self._settings, self._overwrite = settings, overwrite
        self._taken: dict[Path, Path] = {}
        self._lead = leader(settings.report if several else None)

    @contextmanager
    def ready(self, source: Source) -> Iterator[Settings]:
        """A context with the settings for one clip, whose `report` is the folder of its page, which is made.

        Raises OutputError where the page must not be written.
        """
        if self._settings.report is None:
            yield self._settings
            return
        folder = source.folder_in(Path(self._settings.report))
        page = page_path(source.clip, folder)
        if (other := self._taken.setdefault(page, source.clip)) != source.clip:
            raise OutputError(f"{source.clip}: its page would be {page}, as that of {other}; name another --report for it.")
        with folder_made(folder):
            check_output(source.clip, page, overwrite=self._overwrite)
            yield replace(self._settings, report=str(folder))

    def lead(self) -> None:
        """Write the index, where there is to be one and a page was made. Raises OutputError."""
        if self._settings.report is not None and Path(self._settings.report).is_dir():
            self._lead(())


def leader(report: str | None) -> Callable[[Sequence[tuple[Path, str]]], None]:
    """Who writes the index of a report's pages, given what failed. Raises OutputError where its place is taken."""
    if report is None:
        return lambda failed: None
    from facefix.pipeline import write_index
    from facefix.report.html.index import check

    check(Path(report) / INDEX)

    def lead(failed: Sequence[tuple[Path, str]]) -> None:
        write_index(Path(report), failed)

    return lead
