"""A character as plain files: `character.toml`, the pictures it names beside it, and the bank that is made from them.

```
characters/mia/
    character.toml    note, text anchors, one [[view]] per picture; made to be read, edited and kept in git
    front.jpg         the master portrait and the other views, the very files that were given
    bank.safetensors  what networks make of them (`bank.py`); made again whenever pictures or networks change
```
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from facefix.characters import place
from facefix.errors import InputError, OutputError
from facefix.files import write_text

FILE = "character.toml"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class TextAnchors:
    """What prompts must say of the person in the same words every time; empty where nothing was said."""

    age: int | None = None
    """Years, as a number: "young" is another age in every clip."""
    skin: str = ""
    eyes: str = ""
    hair: str = ""
    marks: str = ""
    """Scars, moles, freckles, glasses, jewellery."""
    light: str = ""
    """The lighting line."""

    @property
    def prompt(self) -> str:
        """All of them but the light in one line."""
        age = [] if self.age is None else [f"{self.age} years old"]
        said = [(name, value) for name, value in self._words() if value and name != "light"]
        named = [f"{value} {name}" if name in ("skin", "eyes", "hair") else value for name, value in said]
        return ", ".join([*age, *named])

    def _words(self) -> list[tuple[str, str]]:
        return [(item.name, getattr(self, item.name)) for item in fields(self) if item.name != "age"]


@dataclass(frozen=True, slots=True)
class View:
    """One picture of the person."""

    file: str
    """Name in the character's folder."""
    angle: str
    """One of `views.ANGLES`."""
    expression: str
    """One of `views.EXPRESSIONS`."""
    master: bool = False


@dataclass(frozen=True, slots=True)
class Character:
    """A person of the film."""

    name: str
    folder: Path
    note: str
    text: TextAnchors
    views: tuple[View, ...]
    """The master first."""

    def picture(self, view: View) -> Path:
        """The file of a view."""
        return self.folder / view.file


def names(folder: Path) -> list[str]:
    """The characters of a folder, sorted; none where there is no such folder."""
    try:
        return sorted(path.parent.name for path in folder.glob(f"*/{FILE}"))
    except OSError:
        return []


def read(folder: Path, name: str) -> Character:
    """A character of a folder. Raises InputError where it is missing or its file makes no sense."""
    import tomlkit
    from tomlkit.exceptions import ParseError

    home = folder / place.checked(name)
    file = home / FILE
    try:
        value = tomlkit.parse(file.read_text(encoding="utf-8")).unwrap()
    except FileNotFoundError:
        known = ", ".join(names(folder)) or "none"
        raise InputError(f"{name}: no such character in {folder} ({known}); `facefix character add` makes one.") from None
    except (OSError, UnicodeDecodeError, ParseError) as error:
        raise InputError(f"{file}: cannot be read ({error}); mend it, or remove the character and add it again.") from error
    try:
        return _character(name, home, value)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{file}: makes no sense ({error}); mend it, or remove the character and add it again.") from error


def _character(name: str, home: Path, value: Mapping[str, Any]) -> Character:
    if value.get("schema") != SCHEMA:
        raise ValueError(f"its schema is {value.get('schema')!r}, this facefix reads {SCHEMA}")
    told = dict(value.get("text", {}))
    age = told.pop("age", None)
    if age is not None and (not isinstance(age, int) or isinstance(age, bool)):
        raise ValueError("the age must be a whole number")
    text = TextAnchors(age=age, **{key: _words(key, words) for key, words in told.items()})
    views = tuple(_view(home, item) for item in value["view"])
    if sum(view.master for view in views) != 1:
        raise ValueError("one [[view]] must say master = true")
    ordered = tuple(sorted(views, key=lambda view: not view.master))
    return Character(name, home, _words("note", value.get("note", "")), text, ordered)


def _view(home: Path, item: Mapping[str, Any]) -> View:
    view = View(
        _words("file", item["file"]), _words("angle", item["angle"]), _words("expression", item["expression"]),
        item.get("master", False) is True,
    )  # fmt: skip
    # Whoever shares a character must not make others read what lies elsewhere.
    if Path(view.file).name != view.file or not (home / view.file).is_file():
        raise ValueError(f"there is no picture {view.file!r} beside it")
    return view


def _words(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key} must be text")
    return value


def text(character: Character, before: str | None = None) -> str:
    """`character.toml`. before: the file as it was, whose comments and order stay."""
    import tomlkit

    document = tomlkit.parse(before) if before is not None else tomlkit.document()
    if before is None:
        document.add(tomlkit.comment("A character of facefix. Edit freely; pictures are the [[view]]s below."))
    document["schema"] = SCHEMA
    document["note"] = character.note
    anchors = document.setdefault("text", tomlkit.table())
    for key, value in asdict(character.text).items():
        if value is not None:
            anchors[key] = value
    views = tomlkit.aot()
    for view in character.views:
        table = tomlkit.table()
        table.update({key: value for key, value in asdict(view).items() if key != "master" or value})
        views.append(table)
    document["view"] = views
    return tomlkit.dumps(document)


def write(character: Character, pictures: Mapping[str, bytes]) -> None:
    """Make the character's folder, or bring it up to date; whole or, where it is new, not at all.

    pictures: file name -> content of those that are new. Raises OutputError.
    """
    home, file = character.folder, character.folder / FILE
    new = not file.exists()
    try:
        before = None if new else file.read_text(encoding="utf-8")
        home.mkdir(parents=True, exist_ok=True)
        for name, content in pictures.items():
            (home / name).write_bytes(content)
        write_text(file, text(character, before))
    except (OSError, OutputError) as error:
        if new:
            shutil.rmtree(home, ignore_errors=True)
        why = error if isinstance(error, OutputError) else f"{home}: cannot be written ({error.strerror})."
        raise OutputError(f"{str(why).rstrip('.')}; name another folder with --characters-dir.") from error


def remove(character: Character) -> None:
    """Delete its folder: facefix's own files, and the folder where nothing else lies in it. Raises OutputError."""
    try:
        for path in [character.folder / FILE, *character.folder.glob("bank.safetensors*")]:
            path.unlink(missing_ok=True)
        for view in character.views:
            character.picture(view).unlink(missing_ok=True)
        if not any(character.folder.iterdir()):
            character.folder.rmdir()
    except OSError as error:
        raise OutputError(f"{character.folder}: cannot be removed ({error.strerror}).") from error


def with_views(character: Character, views: Sequence[View]) -> Character:
    """The same with more views; the first master among all of them stays it, else the first view becomes it."""
    every = [*character.views, *views]
    first = next((view for view in every if view.master), every[0])
    others = [replace(view, master=False) for view in every if view is not first]
    return replace(character, views=(replace(first, master=True), *others))
