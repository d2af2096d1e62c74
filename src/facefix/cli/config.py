"""`facefix config`: which values count, and where they come from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click


@click.group()
def config() -> None:
    """See which settings count, and where they come from.

    `facefix.toml` sets any option of any command: at its top for all of them, under [fix] for one. Read are the user's own
    (`facefix config path`) and the nearest one upwards from the working directory.
    """


@config.command()
@click.argument("command", nargs=-1, metavar="[COMMAND]")
@click.pass_context
def show(ctx: click.Context, command: tuple[str, ...]) -> None:
    """Print every option's value and its origin; those of COMMAND alone where one is named, such as `fix` or `queue run`."""
    from facefix.cli import configuring
    from facefix.config import entries

    root = ctx.find_root().command
    assert isinstance(root, click.Group)
    found = configuring.effective(root, entries())
    chosen = [(path, one) for path, one in configuring.leaves(root) if path[: len(command)] == command]
    if not chosen:
        raise click.UsageError(f"There is no command {' '.join(command)}.")
    for path, one in chosen:
        click.echo(f"[{'.'.join(path)}]")
        rows = [(key, *_told(option, found.get(path, {}))) for key, option in configuring.options(one).items()]
        width = max(len(f"{key} = {value}") for key, value, _ in rows)
        for key, value, origin in rows:
            click.echo(f"{f'{key} = {value}'.ljust(width)}  # {origin}")
        click.echo()


@config.command()
def path() -> None:
    """Print where the user's own file and the project's lie, or may lie."""
    from facefix.config import NAME, project_file, user_file

    user, project = user_file(), project_file(Path.cwd())
    click.echo(f"user     {user}{'' if user.is_file() else '  (not there)'}")
    click.echo(f"project  {project or f'none: no {NAME} in {Path.cwd()} or above'}")


def _told(option: click.Option, found: dict[str, Any]) -> tuple[str, str]:
    """An option's value as TOML, and its origin."""
    named = os.environ.get(option.envvar) if isinstance(option.envvar, str) else None
    if named:
        return json.dumps(named, ensure_ascii=False), f"environment variable {option.envvar}"
    if option.name in found:
        value, entry = found[option.name]
        return _toml(value), f"{entry.place} ({entry.level})"
    return _toml(option.to_info_dict()["default"]), "default"


def _toml(value: Any) -> str:
    """A value as TOML writes it; nothing for one that is not set."""
    if value is None or value == "":
        return ""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value if isinstance(value, (bool, int, float)) else str(value), ensure_ascii=False)
