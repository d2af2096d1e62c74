"""The command line: one thin file per command. Nothing here imports a stage before a command runs.

Exit codes: 0 done; 1 failed; 2 usage; 3 some clips of several failed; 4 the verdict of some shot is `regenerate`
(only with --strict); 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from facefix import __version__
from facefix.cli.fix import fix
from facefix.cli.inspect import inspect
from facefix.cli.models import models
from facefix.errors import FacefixError, SettingsError


class _FixByDefault(click.Group):
    """A first word that is no command means `fix`: a file, a folder, or an option of `fix`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {flag for parameter in self.get_params(ctx) for flag in parameter.opts}
        for i, word in enumerate(args):
            if word in own:
                continue
            if word not in self.commands and (word.startswith("-") or _names_a_file(word)):
                args = [*args[:i], "fix", *args[i:]]
            break
        return super().parse_args(ctx, args)


def _names_a_file(word: str) -> bool:
    return Path(word).exists() or "." in word or os.sep in word


@click.group(cls=_FixByDefault, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="facefix %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Diagnose and repair melting faces in AI-generated clips.

    `facefix clip.mp4` repairs a clip and writes clip_fixed.mp4 beside it; `facefix inspect clip.mp4` only looks.
    """
    ctx.obj = {"debug": debug}


for command in (fix, inspect, models):
    cli.add_command(command)


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit the process."""
    words = sys.argv[1:] if argv is None else argv
    try:
        sys.exit(cli.main(words, prog_name="facefix", standalone_mode=False) or 0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except FacefixError as error:
        if "--debug" in words:
            raise
        click.echo(f"facefix: {error}", err=True)
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except (KeyboardInterrupt, click.Abort):
        click.echo("facefix: interrupted; nothing half-written is left.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # `facefix inspect --json - | head`: the reader has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if "--debug" in words:
            raise
        click.echo(f"facefix: unexpected {type(error).__name__}: {error}; run again with --debug for the trace.", err=True)
        sys.exit(1)
