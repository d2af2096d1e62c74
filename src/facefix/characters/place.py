"""Where characters live.

In this order: the folder that `--characters-dir` names; the one that the environment variable `FACEFIX_CHARACTERS` names; the
nearest folder called `characters` in the working directory or above it, so that a project brings its own; the user's data
folder.
"""

from __future__ import annotations

import os
from pathlib import Path

from facefix.errors import SettingsError
from facefix.settings import CHARACTERS_DIR_VARIABLE

VARIABLE = CHARACTERS_DIR_VARIABLE
FOLDER = "characters"
_LONGEST = 64
_FORBIDDEN = frozenset('/\\:*?"<>|=,')


def folder(asked: str | None = None, start: Path | None = None) -> Path:
    """The folder that holds characters; it need not exist yet. start: where to look upwards from, by default here."""
    named = asked or os.environ.get(VARIABLE)
    if named:
        return Path(named).absolute()
    here = (start or Path.cwd()).absolute()
    for place in (here, *here.parents):
        if (place / FOLDER).is_dir():
            return place / FOLDER
    import platformdirs

    return platformdirs.user_data_path("facefix") / FOLDER


def checked(name: str) -> str:
    """The name, which becomes a folder's. Raises SettingsError where it cannot."""
    bad = not name or len(name) > _LONGEST or name != name.strip() or name.startswith(".") or name.endswith(".")
    if bad or any(letter in _FORBIDDEN or not letter.isprintable() for letter in name):
        raise SettingsError(
            f"{name!r} is no name for a character: use up to {_LONGEST} letters, digits, spaces, - and _, no dot at its ends."
        )
    return name
