"""Where a queue and all that belongs to it lies."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_state_path

from facefix.errors import OutputError


@dataclass(frozen=True, slots=True)
class Home:
    """The queue's file, and beside it the folder of unfinished work, analyses, logs and reports."""

    file: Path

    @property
    def folder(self) -> Path:
        return self.file.with_name(f"{self.file.stem}_work")

    @property
    def analyses(self) -> Path:
        return self.folder / "analyses"

    def renders(self, job: int) -> Path:
        return self.folder / "renders" / str(job)

    def log(self, job: int) -> Path:
        return self.folder / "logs" / f"{job}.log"

    def report(self, job: int) -> Path:
        return self.folder / "reports" / f"{job}.json"

    def made(self) -> Home:
        """The same, its folders made. Raises OutputError."""
        try:
            for folder in (self.file.parent, self.analyses, *(self.folder / name for name in ("renders", "logs", "reports"))):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{self.file}: the queue cannot be kept there ({error.strerror}); name another --queue."
            ) from error
        return self

    def forget(self, job: int, *, all_of_it: bool = False) -> None:
        """Remove a job's unfinished work; with `all_of_it` its log and report as well."""
        shutil.rmtree(self.renders(job), ignore_errors=True)
        if all_of_it:
            self.log(job).unlink(missing_ok=True)
            self.report(job).unlink(missing_ok=True)


def home(file: Path | None) -> Home:
    """The queue in `file`; None: the user's own."""
    return Home(Path(file).absolute() if file else user_state_path("facefix", appauthor=False) / "queue.sqlite")
