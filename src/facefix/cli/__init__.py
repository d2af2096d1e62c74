"""The command line: one thin file per command. Nothing here imports a stage before a command runs.

Exit codes: 0 done; 1 failed; 2 usage; 3 some clips of several failed; 4 the verdict of some shot is `regenerate`
(only with --strict); 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from facefix.cli.anchor import anchor
from facefix.cli.batch import batch
from facefix.cli.bench import bench
from facefix.cli.character import character
from facefix.cli.compare import compare
from facefix.cli.completion import completion
from facefix.cli.config import config
from facefix.cli.doctor import doctor
from facefix.cli.fix import fix
from facefix.cli.inspect import inspect
from facefix.cli.models import models
from facefix.cli.queue import queue
from facefix.cli.sentences import sentence
from facefix.cli.stopping import stopped_orderly
from facefix.cli.terminal import blame, equip
from facefix.cli.watch import watch
from facefix.errors import SettingsError
from facefix.files import exists

_WITHOUT_FILES = ("completion", "config", "doctor")
"""Commands that do not depend on `facefix.toml`, or say themselves what is wrong with it."""


class _FixByDefault(click.Group):
    """A first word that is no command means `fix`: a file, a folder, or an option of `fix`."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands:
            ctx.fail(f"{args[0]} is no file, no folder and no command ({', '.join(self.commands)})")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {flag: parameter for parameter in self.get_params(ctx) for flag in parameter.opts}
        values = 0
        for i, word in enumerate(args):
            if values:
                values -= 1
                continue
            if word in own:
                values = 0 if getattr(own[word], "is_flag", False) else 1
                continue
            if word not in self.commands and (word.startswith("-") or _names_a_file(word)):
                args = [*args[:i], "fix", *args[i:]]
            break
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands, and, as a first word that is none means `fix`, files."""
        return [*super().shell_complete(ctx, incomplete), CompletionItem(incomplete, type="file")]


def _names_a_file(word: str) -> bool:
    return exists(word) or "." in word or os.sep in word


def _say_versions(ctx: click.Context, parameter: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from facefix.versions import versions

        click.echo("\n".join(f"{name} {version}" for name, version in versions().items()))
        ctx.exit()


@click.group(cls=_FixByDefault, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-V", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_say_versions,
    help="Show the version, and those of what facefix stands on.",
)  # fmt: skip
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Diagnose and repair melting faces in AI-generated clips.

    `facefix clip.mp4` repairs a clip and writes clip_fixed.mp4 beside it; `facefix inspect clip.mp4` only looks.
    """
    ctx.ensure_object(dict).setdefault("debug", False)
    if ctx.invoked_subcommand not in _WITHOUT_FILES:
        from facefix.cli.configuring import default_map

        ctx.default_map = default_map(cli)


for command in (anchor, batch, bench, character, compare, completion, config, doctor, fix, inspect, models, queue, watch):
    cli.add_command(command)
equip(cli)


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit the process."""
    words = sys.argv[1:] if argv is None else argv
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file name may hold what the terminal's encoding has no letter for.
            stream.reconfigure(errors="backslashreplace")
    try:
        with stopped_orderly():
            sys.exit(cli.main(words, prog_name="facefix", standalone_mode=False) or 0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        _say_usage(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        blame("interrupted; nothing half-written is left.")
        sys.exit(130)
    except BrokenPipeError:
        # `facefix inspect --json - | head`: the reader has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if "--debug" in words:
            raise
        blame(sentence(error))
        sys.exit(2 if isinstance(error, SettingsError) else 1)


def _say_usage(error: click.ClickException) -> None:
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = context.command_path if context is not None else "facefix"
    message = error.format_message().rstrip(".") + _whence(error)
    blame(f"{message[:1].lower()}{message[1:]}; `{where} --help` says more.")


def _whence(error: click.ClickException) -> str:
    """Who gave a bad value, where it was not the command line."""
    if not isinstance(error, click.BadParameter) or error.ctx is None or error.param is None or error.param.name is None:
        return ""
    source = error.ctx.get_parameter_source(error.param.name)
    return f" (environment variable {error.param.envvar})" if source is ParameterSource.ENVIRONMENT else ""
