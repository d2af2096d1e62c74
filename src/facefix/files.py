"""Where results go, and the checks that must fail before an hour of work rather than after it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from facefix.errors import InputError, OutputError

CLIP_SUFFIXES = frozenset(
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
INDEX = Path("index.html")
"""In a folder of reports: the page that leads to the others."""


def exists(path: Path | str, *, dangling: bool = False) -> bool:
    """Whether there is such a file or folder, or, if asked so, a link to nothing.

    False where that cannot be found out: pathlib raises for what lies in a closed folder.
    """
    try:
        return Path(path).exists() or (dangling and Path(path).is_symlink())
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether it is a folder; False where that cannot be found out."""
    try:
        return path.is_dir()
    except OSError:
        return False


def clips_in(folder: Path) -> list[Path]:
    """Every clip under a folder, sub-folders included, hidden files left out, sorted.

    Raises:
        InputError: there is none, or the folder cannot be read.
    """
    if not os.access(folder, os.R_OK | os.X_OK):
        raise InputError(f"{folder}: the folder cannot be read; its permissions forbid it.")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in CLIP_SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not found:
        raise InputError(f"{folder}: holds no video clip ({', '.join(sorted(CLIP_SUFFIXES))}).")
    return found


def output_path(
    clip: Path, root: Path | None, asked: Path | None, *, several: bool, tag: str | None = None, suffix: str | None = None
) -> Path:
    """Where the result of `clip` goes.

    Args:
        root: the folder the clip was found under, when a folder was named: its tree is mirrored.
        asked: `-o`: a file for one clip, a folder otherwise.
        several: more than one clip is being worked on.
        tag: the range asked for, which becomes part of the name.
        suffix: of the result; None: the clip's own.
    """
    addition = "_fixed" + (f"_{re.sub(r'[^0-9A-Za-z.-]', '.', tag)}" if tag else "")
    suffix = clip.suffix if suffix is None else suffix
    name = f"{clip.stem}{addition}{suffix}"
    if root is not None:
        base = asked or root.resolve().with_name(f"{root.resolve().name}_fixed")
        return (base / clip.relative_to(root)).with_suffix(suffix)
    if asked is None:
        return clip.with_name(name)
    return asked / name if several or is_folder(asked) else asked


def page_path(clip: Path, folder: Path) -> Path:
    """The page about a clip in a folder of reports: its stem, or its whole name where another clip beside it has the same."""
    others = (path for path in _siblings(clip) if path.suffix.lower() in CLIP_SUFFIXES and path.name != clip.name)
    taken = clip.stem.lower() == INDEX.stem or any(path.stem.lower() == clip.stem.lower() for path in others)
    return folder / f"{clip.name if taken else clip.stem}.html"


def beside_page(page: Path) -> Path:
    """The folder of what a page shows and cannot hold."""
    return page.with_name(f"{page.name.removesuffix('.html')}_report")


def _siblings(clip: Path) -> list[Path]:
    try:
        return list(clip.absolute().parent.iterdir())
    except OSError:
        return []


def compare_path(out: Path) -> Path:
    """Where before and after, side by side, of the result at `out` go."""
    return out.with_name(f"{out.stem}_compare{out.suffix}")


def preview_path(clip: Path, folder: Path | None, suffix: str) -> Path:
    """Where the preview of a clip goes: beside it, or into a folder."""
    return (clip.parent if folder is None else folder) / f"{clip.stem}_preview{suffix}"


def still_path(out: Path, frame: int, side: str) -> Path:
    """Where a single frame of the result at `out` goes. side: before or after."""
    return out.with_name(f"{out.stem}_frame_{frame:06}_{side}.png")


@contextlib.contextmanager
def folder_made(folder: Path) -> Iterator[None]:
    """A context for work whose results go to `folder`: it is made, and removed again where nothing came of the work.

    Raises:
        OutputError: it cannot be made.
    """
    missing = [place for place in (folder, *folder.parents) if not exists(place)]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            # It was there, and was removed before it was seen to be a folder: by another worker that has left it empty.
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: the output folder cannot be made ({_reason(error)}).") from error
    try:
        yield
    finally:
        for place in missing:
            with contextlib.suppress(OSError):
                # Only an empty folder can be removed so.
                place.rmdir()


def check_output(clip: Path, out: Path, *, overwrite: bool, made: bool = False) -> None:
    """Refuse what would lose something or cannot work.

    Args:
        made: its folder will be made where it is missing.

    Raises:
        OutputError: the output is the input, exists, or its folder is missing or cannot be written to.
    """
    if exists(out) and exists(clip) and out.samefile(clip):
        raise OutputError(f"{out}: the output is the input; name another with -o.")
    if is_folder(out):
        raise OutputError(f"{out}: is a folder; name a file.")
    if exists(out, dangling=True) and not overwrite:
        raise OutputError(f"{out}: exists already; -y overwrites it.")
    folder = out.absolute().parent
    if made:
        folder = next(place for place in (folder, *folder.parents) if exists(place))
    if exists(folder) and not is_folder(folder):
        raise OutputError(f"{folder}: is a file, not a folder; name another output with -o.")
    if not is_folder(folder):
        raise OutputError(f"{folder}: no such folder; make it first or name another output with -o.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: the folder is read-only; name another output with -o.")
    try:
        (folder / f"{out.name}.part").lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({_reason(error)}); name another output with -o.") from error


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def write_text(path: Path, text: str) -> None:
    """Write a small text file whole or not at all. Raises OutputError."""
    # A file name that is no valid UTF-8 reaches us with surrogates in it; JSON has an escape for them.
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all. Raises OutputError."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written ({_reason(error)}).") from error
