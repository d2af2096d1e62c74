"""Click options made from `facefix.settings`, so that a default or a bound is stated once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import click

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
    """Settings for work that another process does, perhaps elsewhere: where characters live is decided here and now."""
    from facefix.characters.place import folder

    settings = Settings(**options)
    return replace(settings, characters_dir=str(folder(settings.characters_dir))) if settings.character else settings


def _click_option(item: Field[Any]) -> Callable[[Command], Command]:
    option: Option = item.metadata["option"]
    default = None if item.default is MISSING else item.default
    common: dict[str, Any] = {"help": option.help, "default": default, "show_default": default not in (None, (), False)}
    if isinstance(default, bool):
        return click.option(*option.flags, item.name, is_flag=True, help=option.help)
    if option.repeated:
        return click.option(*option.flags, item.name, multiple=True, metavar=option.metavar, help=option.help)
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


class _Words(click.ParamType):
    """Comma-separated words -> tuple."""

    name = "words"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(word.strip() for word in str(value).split(",") if word.strip())
