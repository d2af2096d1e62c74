"""What `facefix.toml` means to the command line: any option of any command, by its long name.

    strength = 0.4          # for every command that has the option

    [fix]                   # for one
    codec = "libx265"

Command line before environment before the project's file before the user's before the default. click asks its
`default_map` for what was not given otherwise.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

import click

from facefix import config
from facefix.config import Entry, Table
from facefix.errors import SettingsError
from facefix.settings import Settings, check

_USERS_OWN = ("log-file", "move-done", "on-done", "yes")
"""Options that a folder one happens to stand in must not set: they run programs, or change files that are there."""
_NO_SETTINGS = ("help", "version")

Effective = dict[Table, dict[str, tuple[Any, Entry]]]
"""Command -> name of its parameter -> value and where it is from."""


def leaves(group: click.Group, path: Table = ()) -> Iterator[tuple[Table, click.Command]]:
    """Every command that does something, by the words that call it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


def options(command: click.Command) -> dict[str, click.Option]:
    """A command's options by their keys in a file: `models-dir` for `--models-dir`."""
    found = {}
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name not in _NO_SETTINGS:
            found |= {flag[2:]: parameter for flag in parameter.opts if flag.startswith("--")}
    return found


def effective(group: click.Group, entries: Iterable[Entry]) -> Effective:
    """What files say of each command. entries: those that count more later.

    Raises:
        SettingsError: a key is no option, or has a value that makes no sense; the sentence names file and line.
    """
    commands = dict(leaves(group))
    found: Effective = {}
    for entry in entries:
        key = entry.key.replace("_", "-")
        inside = {path: command for path, command in commands.items() if path[: len(entry.table)] == entry.table}
        if not inside:
            _refuse(entry, f"[{'.'.join(entry.table)}] is no command", [".".join(path) for path in commands], entry.table[-1])
        meant = {path: option for path, command in inside.items() if (option := options(command).get(key)) is not None}
        if not meant:
            known = sorted({name for command in inside.values() for name in options(command)})
            _refuse(entry, f"{entry.key} is no option of {_whose(entry.table)}", known, key)
        if key in _USERS_OWN and entry.level == "project":
            _refuse(entry, f"{entry.key} counts in your own file only ({config.user_file()})")
        for path, option in meant.items():
            assert option.name is not None
            found.setdefault(path, {})[option.name] = (_value(option, entry), entry)
    return found


def default_map(group: click.Group) -> dict[str, Any]:
    """What click is to take for options that were not given. Raises SettingsError."""
    tree: dict[str, Any] = {}
    for path, values in effective(group, config.entries()).items():
        place = tree
        for word in path:
            place = place.setdefault(word, {})
        place |= {name: value for name, (value, _) in values.items()}
    return tree


def _value(option: click.Option, entry: Entry) -> Any:
    """The value as the command gets it."""
    value = entry.value
    try:
        if option.is_flag:
            if not isinstance(value, bool):
                raise click.BadParameter("write true or false")
            return value
        many = option.multiple or _takes_words(option)
        values = value if many and isinstance(value, list) else [value]
        if any(not isinstance(one, str if _is_text(option) else (int, float)) or isinstance(one, bool) for one in values):
            raise click.BadParameter(f"write {_kind(option, many)}")
        if isinstance(option.type, click.Path):
            values = [str(Path(entry.file.parent, one)) for one in values]
        given: Any = [option.type.convert(one, option, None) for one in values]
        joined = tuple(chain.from_iterable(given)) if _takes_words(option) else given
        converted = joined if many else given[0]
        if option.name in {item.name for item in fields(Settings)}:
            check(option.name, converted)
    except (click.BadParameter, SettingsError) as error:
        text = error.message if isinstance(error, click.BadParameter) else str(error)
        _refuse(entry, f"{entry.key} = {value!r}: {text.rstrip('.')}")
    return converted


def _takes_words(option: click.Option) -> bool:
    return option.type.name == "words"


def _is_text(option: click.Option) -> bool:
    return isinstance(option.type, (click.types.StringParamType, click.Path)) or _takes_words(option)


def _kind(option: click.Option, many: bool) -> str:
    one = "text in quotes" if _is_text(option) else "a number"
    return f"{one}, or a list of such" if many else one


def _whose(table: Table) -> str:
    return f"`facefix {' '.join(table)}`" if table else "any command"


def _refuse(entry: Entry, why: str, known: Iterable[str] = (), word: str = "") -> NoReturn:
    near = difflib.get_close_matches(word, list(known), 1)
    hint = f"; did you mean {near[0]}?" if near else "."
    raise SettingsError(f"{entry.place}: {why}{hint}")
