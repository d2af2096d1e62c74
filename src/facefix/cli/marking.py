"""`--markers FILE|DIR` of the commands that find something: where markers go, checked before the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from facefix.errors import OutputError
from facefix.files import check_output, folder_made, is_folder, write_text

if TYPE_CHECKING:
    from facefix.cli.each import Source
    from facefix.report.markers.marking import Marked

Command = TypeVar("Command", bound=Callable[..., Any])
_CLIP = "{clip}"


def markers_option(command: Command) -> Command:
    """`--markers`."""
    text = (
        "Write the findings as markers for editing programs: .otio (Resolve, Premiere), .fcpxml (Final Cut), .xml (Premiere) "
        "or .edl (Avid); a folder gets CLIP.otio for each clip, 'marks/{clip}.edl' another format."
    )
    path = click.Path(path_type=Path)
    return click.option("--markers", "markers_to", type=path, metavar="FILE|DIR", help=text)(command)


class Markers:
    """Where the markers of each clip go."""

    def __init__(self, asked: Path | None, sources: Sequence[Source], *, overwrite: bool) -> None:
        """Raises SettingsError where no such file is known, or one file is named for several clips."""
        from facefix.errors import SettingsError
        from facefix.report import markers

        self._asked, self._overwrite = asked, overwrite
        self._each = asked is not None and _CLIP in asked.name
        self._folder = asked is not None and not self._each and (is_folder(asked) or not asked.suffix)
        self._taken: dict[Path, Path] = {}
        if asked is None or self._folder:
            return
        markers.writer(asked)
        if len(sources) > 1 and not self._each:
            raise SettingsError(f"--markers {asked}: several clips need a folder, or {_CLIP} in the name.")

    def place(self, source: Source) -> Path | None:
        """The file for a clip, None where nobody asked for one. Raises OutputError where it must not be written."""
        from facefix.report import markers

        if self._asked is None:
            return None
        stem = source.clip.stem
        named = self._asked / f"{stem}{markers.DEFAULT}" if self._folder else Path(str(self._asked).replace(_CLIP, stem))
        path = source.folder_in(named.parent) / named.name
        if (other := self._taken.setdefault(path.absolute(), source.clip)) != source.clip:
            raise OutputError(f"{source.clip}: its markers would be {path}, as those of {other}; name another --markers.")
        return path

    @contextmanager
    def ready(self, source: Source) -> Iterator[Callable[[Callable[[], Marked]], None]]:
        """A context for work on a clip, which gives what writes its markers: it is checked before that they can be.

        Raises:
            OutputError: they cannot be written.
        """
        from facefix.report import markers

        path = self.place(source)
        if path is None:
            yield lambda marked: None
            return
        with folder_made(path.parent):
            check_output(source.clip, path, overwrite=self._overwrite)
            yield lambda marked: write_text(path, markers.writer(path)(marked()))
