"""Files of settings: the user's own `facefix.toml`, and the nearest one upwards from the working directory, the project's.

Read here, and told apart by level and line; what a key means is the command line's business (`facefix.cli.configuring`).
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from facefix.errors import SettingsError

NAME = "facefix.toml"
VARIABLE = "FACEFIX_CONFIG"
Level = Literal["user", "project"]
Table = tuple[str, ...]
"""Names of nested tables: () is the top of the file, ("queue", "run") is [queue.run]."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a file."""

    table: Table
    key: str
    value: Any
    """As TOML has it."""
    file: Path
    line: int | None
    level: Level

    @property
    def place(self) -> str:
        """For people."""
        return f"{self.file}, line {self.line}" if self.line else str(self.file)


def user_file() -> Path:
    """Where the user's own file is looked for: what `FACEFIX_CONFIG` names, else the platform's folder for it."""
    from platformdirs import user_config_path

    named = os.environ.get(VARIABLE)
    return Path(named) if named else user_config_path("facefix", appauthor=False) / NAME


def project_file(start: Path) -> Path | None:
    """The nearest file in a folder or above it; None where there is none."""
    for folder in (start, *start.parents):
        if (folder / NAME).is_file():
            return folder / NAME
    return None


def entries(start: Path | None = None) -> list[Entry]:
    """All keys of both files, those that count more later: the project's behind the user's, tables behind what is on top.

    start: where to look for the project's; None: the working directory.

    Raises:
        SettingsError: a file cannot be read, or is no TOML.
    """
    user, project = user_file(), project_file(start or Path.cwd())
    found: list[Entry] = []
    if user.is_file() and (project is None or not user.samefile(project)):
        found += _read(user, "user")
    if project is not None:
        found += _read(project, "user" if user.is_file() and user.samefile(project) else "project")
    return found


def _read(path: Path, level: Level) -> list[Entry]:
    try:
        text = path.read_text(encoding="utf-8")
        # Part of Python from 3.11 on; before, `tomli` is the very same.
        toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
        document = toml.loads(text)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise SettingsError(f"{path}: is no TOML file: {str(error).rstrip('.')}.") from error
    found = [Entry(table, key, value, path, _line(text, table, key), level) for table, key, value in _flat(document, ())]
    return sorted(found, key=lambda entry: len(entry.table))


def _flat(document: Mapping[str, Any], table: Table) -> list[tuple[Table, str, Any]]:
    found: list[tuple[Table, str, Any]] = []
    for key, value in document.items():
        found += _flat(value, (*table, key)) if isinstance(value, dict) else [(table, key, value)]
    return found


def _line(text: str, table: Table, key: str) -> int | None:
    """Where a key is set; None where it is written in some rare way."""
    within: Table = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[([^\[\]]+)\]\s*(#.*)?$", line):
            within = tuple(word.strip(" \"'") for word in header[1].split("."))
        elif within == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return None
