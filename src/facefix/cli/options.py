"""Click options made from `facefix.settings`, so that a default or a bound is stated once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from facefix.settings import Option, Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def clips_argument(command: Command) -> Command:
    """One or more clips or folders of clips; existence is checked later, by one voice for all bad input."""
    path = click.Path(readable=False, path_type=Path)
    return click.argument("clips", nargs=-1, required=True, type=path, metavar="CLIP...")(command)


def settings_options(*names: str) -> Callable[[Command], Command]:
    """Add the options of the named fields of `Settings`, in order; all of them without a name."""

    def decorate(command: Command) -> Command:
        chosen = [f for f in fields(Settings) if not names or f.name in names]
        for item in reversed(chosen):
            command = _click_option(item)(command)
        return command

    return decorate


def settled(options: Mapping[str, Any]) -> Settings:
    """Settings for work that another process does, perhaps elsewhere: where characters live is decided here and now.

    Raises SettingsError; InputError where a character is missing.
    """
    settings = settings_from(options)
    if not settings.character:
        return settings
    from facefix.characters import bible
    from facefix.characters.place import folder

    home = folder(settings.characters_dir)
    for name in settings.character:
        bible.read(home, name)
    return replace(settings, characters_dir=str(home))


def _click_option(item: Field[Any]) -> Callable[[Command], Command]:
    option: Option = item.metadata["option"]
    default = None if item.default is MISSING else item.default
    common: dict[str, Any] = {"help": option.help, "envvar": option.variable or f"FACEFIX_{item.name.upper()}"}
    if isinstance(default, bool):
        return click.option(*option.flags, item.name, is_flag=True, **common)
    if option.repeated:
        return click.option(*option.flags, item.name, multiple=True, metavar=option.metavar, **common)
    common |= {"default": default, "show_default": default not in (None, (), False)}
    if option.choices is not None:
        common["shell_complete"] = _completing(option.choices)
    if option.many:
        return click.option(*option.flags, item.name, type=_Words(), metavar=option.metavar, **common)
    if option.choices is not None:
        kind = int if isinstance(default, int) else str
        return click.option(*option.flags, item.name, type=kind, metavar=option.metavar or "NAME", **common)
    kind = "int" if "int" in str(item.type) else "float" if "float" in str(item.type) else "str"
    if kind == "str":
        text = click.Path(resolve_path=True) if option.folder else str
        return click.option(*option.flags, item.name, type=text, metavar=option.metavar or "NAME", **common)
    low, high = option.bounds or (None, None)
    if kind == "int":
        bounded: click.ParamType = click.IntRange(None if low is None else int(low), None if high is None else int(high))
    else:
        bounded = click.FloatRange(low, high)
    return click.option(*option.flags, item.name, type=bounded, **common)


def _completing(choices: Callable[[], tuple[str | int, ...]]) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """What a shell is told of a value that begins with `typed`; the last of several, where they are separated by commas."""

    def complete(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
        before, comma, last = typed.rpartition(",")
        return [f"{before}{comma}{word}" for word in map(str, choices()) if word.startswith(last)]

    return complete


def settings_from(options: Mapping[str, Any]) -> Settings:
    """The settings that a command was given, whoever gave them.

    An upscaler that a file or the environment prefers says nothing where nothing is enlarged; who says on the command line how
    to compare wants a comparison. Raises SettingsError.
    """
    given = click.get_current_context().get_parameter_source
    if given("upscaler") is not ParameterSource.COMMANDLINE and options.get("scale") == 1:
        options = {**options, "upscaler": "auto"}
    if given("compare_as") is ParameterSource.COMMANDLINE:
        options = {**options, "compare": True}
    return Settings(**options)


class _Words(click.ParamType):
    """Comma-separated words -> tuple."""

    name = "words"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(word.strip() for word in str(value).split(",") if word.strip())
