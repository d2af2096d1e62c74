"""Where results go, and the checks that must fail before an hour of work rather than after it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from facefix.errors import InputError, OutputError

_CLIP_SUFFIXES = frozenset(
    [
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".mxf",
        ".mpg",
        ".mpeg",
        ".ts",
        ".mts",
        ".m2ts",
        ".wmv",
        ".flv",
        ".ogv",
        ".3gp",
    ]
)


def clips_in(folder: Path) -> list[Path]:
    """Every clip under a folder, sub-folders included, hidden files left out, sorted.

    Raises:
        InputError: there is none.
    """
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _CLIP_SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not found:
        raise InputError(f"{folder}: holds no video clip.")
    return found


def output_path(clip: Path, root: Path | None, asked: Path | None, *, several: bool, tag: str | None = None) -> Path:
    """Where the result of `clip` goes.

    Args:
        root: the folder the clip was found under, when a folder was named: its tree is mirrored.
        asked: `-o`: a file for one clip, a folder otherwise.
        several: more than one clip is being worked on.
        tag: the range asked for, which becomes part of the name.
    """
    suffix = "_fixed" + (f"_{re.sub(r'[^0-9A-Za-z.-]', '.', tag)}" if tag else "")
    name = f"{clip.stem}{suffix}{clip.suffix}"
    if root is not None:
        base = asked or root.resolve().with_name(f"{root.resolve().name}_fixed")
        return base / clip.relative_to(root)
    if asked is None:
        return clip.with_name(name)
    return asked / name if several or asked.is_dir() else asked


def check_output(clip: Path, out: Path, *, overwrite: bool, make_folder: bool) -> None:
    """Refuse what would lose something or cannot work; make the folder where that was agreed.

    Raises:
        OutputError: the output is the input, exists, or its folder is missing or cannot be written to.
    """
    if out.exists() and clip.exists() and out.samefile(clip):
        raise OutputError(f"{out}: the output is the input; name another with -o.")
    refuse_overwrite(out, overwrite)
    folder = out.absolute().parent
    if make_folder:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: the output folder cannot be made ({error.strerror}).") from error
    if not folder.is_dir():
        raise OutputError(f"{folder}: no such folder; make it first or name another output with -o.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: the folder is read-only; name another output with -o.")


def refuse_overwrite(path: Path, overwrite: bool) -> None:
    """Raises OutputError when the file exists and nobody said -y."""
    if path.is_dir():
        raise OutputError(f"{path}: is a folder; name a file.")
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: exists already; -y overwrites it.")


def write_text(path: Path, text: str) -> None:
    """Write a small text file whole or not at all. Raises OutputError."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written ({error.strerror}).") from error
