"""`facefix models ls`."""

from __future__ import annotations

import click


@click.group()
def models() -> None:
    """See which model weights facefix knows and which are installed."""


@models.command()
def ls() -> None:
    """List the known weights: name, role, licence, size, and where they are."""
    from facefix.models import zoo

    for status in zoo.statuses():
        entry = status.entry
        size = f"{entry.size / 1e6:.1f} MB" if entry.size else "?"
        where = str(status.path) if status.path else f"not installed: {entry.source.way_out}"
        click.echo(f"{entry.name:<42} {entry.role:<10} {entry.licence:<13} {size:>9}  {where}")
