"""What `--json FILE|-` of the commands shares: where the documents of the clips go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from facefix.cli.each import Source
from facefix.files import check_output, write_text
from facefix.report.schema import dumps


def check(json_to: str | None, sources: Sequence[Source], *, overwrite: bool) -> None:
    """Refuse a file that cannot or must not be written. Raises OutputError."""
    if json_to not in (None, "-"):
        for source in sources:
            check_output(source.clip, Path(json_to), overwrite=overwrite)


def deliver(json_to: str | None, documents: Sequence[dict[str, Any]], *, several: bool) -> None:
    """Write the documents: one by itself, a list where several clips were named; nothing where none came of them.

    Raises:
        OutputError: the file cannot be written.
    """
    if json_to is None or not documents:
        return
    text = dumps(list(documents) if several else documents[0])
    if json_to == "-":
        click.echo(text)
    else:
        write_text(Path(json_to), text + "\n")
