"""Downloads released model files: resumable, checked before they get their names. Only `facefix models fetch` comes here.

A download grows in a `.part` file beside its place. One that broke off goes on where it stopped (HTTP Range, RFC 9110
section 14); where a server does not know ranges it starts over. Nothing but the published file is ever given its name.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from facefix.errors import ModelError
from facefix.models import zoo

if TYPE_CHECKING:
    from requests import Session

Progress = Callable[[int], object]
"""Told how many bytes of the file are there; it may fall, where a download has to start over."""

_TRIES = 3
"""Connections in a row that may end without a byte gained."""
_TIMEOUT_S = (10, 60)
"""To connect, and without a byte."""
_BLOCK = 1 << 16
"""Bytes taken at a time; of a block that is cut short nothing is kept."""
_PARTIAL = 206
"""HTTP's status of an answer that holds the range asked for."""


def fetch(row: zoo.ModelFile, folder: Path, progress: Progress = lambda there: None) -> Path:
    """Download the file of a row into a folder, which is made where there is none; its path.

    A file of its name is replaced. Raises ModelError where the file is not to be downloaded, the server cannot be reached, the
    folder cannot be written to, or what arrived is not the published file; of that nothing is left.
    """
    if not isinstance(row.source, zoo.ReleaseSource):
        raise ModelError(f"{row.name} is not downloaded on its own; {row.source.way_out}.")
    path, part = folder / row.name, folder / f"{row.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if _size(part) > row.size:
            part.unlink()
        _complete(row, row.source.url, part, progress)
        if not zoo.intact(part, row):
            part.unlink()
            raise ModelError(
                f"What {row.source.url} sent is not the published {row.name} (its sha256 is another); it was deleted, "
                f"try again later."
            )
        part.replace(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be written ({error.strerror}); choose another folder with --models-dir.") from error
    return path


def _complete(row: zoo.ModelFile, url: str, part: Path, progress: Progress) -> None:
    """Connect as often as it takes until the part has the file's size."""
    from requests import RequestException, Session

    failures = 0
    with Session() as session:
        while (there := _size(part)) < row.size:
            progress(there)
            try:
                _receive(session, url, part, row.size, progress)
                reason = "the server closed the connection"
            except RequestException as error:
                reason = _reason(error)
            failures = 0 if _size(part) > there else failures + 1
            if failures == _TRIES:
                raise ModelError(
                    f"{row.name} could not be fetched ({reason}); try again later, or download {url} by hand and put it into "
                    f"{part.parent}."
                )
    progress(_size(part))


def _receive(session: Session, url: str, part: Path, size: int, progress: Progress) -> None:
    """One connection: add to the part what it gives. Raises RequestException where it breaks or answers with an error."""
    there = _size(part)
    # What is packed for the way has other offsets than the file.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={there}-"} if there else {})
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as response:
        response.raise_for_status()
        if response.status_code != _PARTIAL:
            there = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {there}-"):
            part.unlink(missing_ok=True)
            return
        with part.open("ab" if there else "wb") as file:
            for block in response.iter_content(_BLOCK):
                # A page where the file should be may have no end; the checksum tells that it is another.
                file.write(block[: size - there])
                there += len(block)
                progress(min(there, size))
                if there >= size:
                    return


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _reason(error: Exception) -> str:
    """Few words of what `requests` says in many."""
    from requests import ConnectionError, HTTPError, Timeout

    if isinstance(error, HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, Timeout):
        return "the server does not answer"
    return "there is no connection" if isinstance(error, ConnectionError) else "the connection broke off"
