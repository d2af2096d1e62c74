"""What all commands share towards the person at the terminal: how much is said, in which colours, and what is logged.

`equip` gives every command the options; `say` and `complain` are how they speak. Lines of `say` are for people, not for
machines: `--quiet` leaves them out. Both reach the log file, where there are no bars and no colours.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from facefix import __version__
from facefix.cli.sentences import sentence
from facefix.errors import FacefixError, OutputError

_LOG = logging.getLogger("facefix")
_LOG.addHandler(logging.NullHandler())
_TOLD = {"told": True}
"""Marks records whose text the terminal has shown already."""
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"

_SEVERITY = re.compile(r"(\[#*\.*\]) (\d\.\d\d)")
_VERDICT = re.compile(r"^(\s*(?:verdict: )?)(clean|repair|regenerate this shot)(?=:|, frames)")
_WARNING = re.compile(r"^\s*! ")
_VERDICT_COLOURS = {"clean": "green", "repair": "yellow", "regenerate this shot": "red"}


def equip(command: click.Command) -> None:
    """Give a command, and those below it, the options that all have."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            equip(inner)
    elif command.callback is not None:
        command.callback = _prepared(command.callback)
    command.params += _options()


def _options() -> list[click.Parameter]:
    def flag(*words: str, help: str) -> click.Option:
        return click.Option(words, is_flag=True, expose_value=False, callback=_keep, help=help)

    file = click.Path(dir_okay=False, path_type=Path)
    return [
        flag("-q", "--quiet", help="Say nothing but what went wrong."),
        flag("-v", "--verbose", help="Say more of what is done, and why."),
        flag("--debug", help="Say everything, and show the traceback of an error."),
        click.Option(["--log-file"], type=file, metavar="FILE", expose_value=False, callback=_keep,
                     help="Add all that is said, and the libraries' own lines, to this file."),
    ]  # fmt: skip


def _keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value:
        ctx.ensure_object(dict)[parameter.name] = value


def wishes() -> Mapping[str, Any]:
    """The options that were given, of the command that runs: `quiet`, `verbose`, `debug` and `log_file`, where they were."""
    ctx = click.get_current_context(silent=True)
    return ctx.ensure_object(dict) if ctx is not None else {}


def coloured() -> bool | None:
    """Whether to paint: None means on terminals only. As https://no-color.org and https://force-color.org have it."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return False if os.environ.get("TERM") == "dumb" else None


def painted(line: str) -> str:
    """A line of a report with its verdict, its severities and its warnings in colour."""
    if _WARNING.match(line):
        return click.style(line, fg="yellow")
    line = _VERDICT.sub(lambda m: m[1] + click.style(m[2], fg=_VERDICT_COLOURS[m[2]], bold=True), line)
    return _SEVERITY.sub(lambda m: click.style(m[0], fg=_severity_colour(float(m[2]))), line)


def _severity_colour(severity: float) -> str:
    return "red" if severity >= 0.6 else "yellow"


def say(text: str, *, err: bool = False) -> None:
    """Lines for people."""
    for line in text.splitlines():
        record(line)
        if not wishes().get("quiet"):
            click.echo(painted(line), err=err, color=coloured())


def record(line: str) -> None:
    """A line that the log gets and the terminal does not."""
    _LOG.info(click.unstyle(line), extra=_TOLD)


def complain(error: Exception | str, clip: object = None) -> None:
    """One sentence on standard error that says what went wrong, however quiet the rest is."""
    text = error if isinstance(error, str) else sentence(error, clip)
    _log(error, text)
    blame(text)


def blame(text: str) -> None:
    """`facefix: TEXT` on standard error."""
    click.echo(click.style("facefix: ", fg="red") + text, err=True, color=coloured())


def _log(error: BaseException | str, text: str) -> None:
    expected = isinstance(error, (str, FacefixError))
    _LOG.error(text, extra=_TOLD, exc_info=None if expected else error)


def _prepared(callback: Callable[..., Any]) -> Callable[..., Any]:
    """The same, with its logging set up around it."""

    @functools.wraps(callback)
    def run(*words: Any, **options: Any) -> Any:
        ctx = click.get_current_context()
        with _logging(wishes()):
            _LOG.info("facefix %s: %s %s", __version__, ctx.command_path, ctx.params)
            try:
                return callback(*words, **options)
            except Exception as error:
                if not isinstance(error, (click.ClickException, click.exceptions.Exit, BrokenPipeError)):
                    _log(error, sentence(error))
                raise

    return run


@contextmanager
def _logging(wished: Mapping[str, Any]) -> Iterator[None]:
    """A context in which lines of libraries and our own go where the user wants them."""
    root = logging.getLogger()
    before = root.level, _LOG.level
    debug = bool(wished.get("debug"))
    handlers: list[logging.Handler] = []
    if file := wished.get("log_file"):
        handlers.append(_file(file))
        handlers[-1].setFormatter(logging.Formatter(_FORMAT))
    if debug or wished.get("verbose"):
        handlers.append(logging.StreamHandler(sys.stderr))
        handlers[-1].addFilter(lambda record: not getattr(record, "told", False))
        handlers[-1].setFormatter(logging.Formatter("%(name)s: %(message)s"))
    for handler in handlers:
        root.addHandler(handler)
    if handlers:
        root.setLevel(logging.INFO)
        _LOG.setLevel(logging.DEBUG if debug else logging.INFO)
        logging.captureWarnings(True)
    try:
        yield
    finally:
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
        if handlers:
            logging.captureWarnings(False)
            root.setLevel(before[0])
            _LOG.setLevel(before[1])


def _file(path: Path) -> logging.FileHandler:
    try:
        return logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise OutputError(f"--log-file {path}: cannot be written ({error.strerror}).") from error
