"""`facefix doctor`: what is installed, what is missing, and what mends it."""

from __future__ import annotations

from pathlib import Path

import click

from facefix.cli.options import settings_options
from facefix.cli.queueing import queue_option
from facefix.cli.terminal import say

_COLOURS = {"ok": "green", "note": "yellow", "bad": "red"}


@click.command()
@click.option("--json", "json_to", metavar="FILE|-", help="Write what was found as JSON (schema 1); - for standard output.")
@click.option("-y", "--yes", is_flag=True, help="Overwrite a file that exists.")
@settings_options("models_dir")
@queue_option
@click.pass_context
def doctor(ctx: click.Context, json_to: str | None, yes: bool, models_dir: str | None, file: Path | None) -> int:
    """Look at everything facefix needs; exit with 1 if something is missing or damaged, and say what mends it."""
    from dataclasses import asdict

    from facefix.cli.configuring import default_map
    from facefix.errors import SettingsError
    from facefix.files import check_output, write_text
    from facefix.health import Check, checks
    from facefix.report.schema import SCHEMA, dumps

    if json_to not in (None, "-"):
        check_output(Path.cwd(), Path(json_to), overwrite=yes)
    found = list(checks(models_dir, file))
    try:
        root = ctx.find_root().command
        assert isinstance(root, click.Group)
        default_map(root)
    except SettingsError as error:
        found.append(Check("facefix.toml", "bad", str(error), "edit the file; `facefix config path` says where it is"))
    bad = sum(check.state == "bad" for check in found)
    for check in found:
        say(f"{click.style(f'{check.state:<4}', fg=_COLOURS[check.state])}  {check.about}: {check.text}", err=json_to == "-")
        if check.cure:
            say(f"      -> {check.cure}", err=json_to == "-")
    say("All that facefix needs is there." if not bad else f"{bad} to mend.", err=json_to == "-")
    if json_to is not None:
        text = dumps({"schema": SCHEMA, "ok": not bad, "checks": [asdict(check) for check in found]})
        click.echo(text) if json_to == "-" else write_text(Path(json_to), text + "\n")
    return 1 if bad else 0
