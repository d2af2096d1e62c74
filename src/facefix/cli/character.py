"""`facefix character`: who the people are, and whether their pictures are good references."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from facefix.cli.options import settings_options
from facefix.cli.terminal import say

if TYPE_CHECKING:
    from facefix.pipeline import Person, Reference

Command = TypeVar("Command", bound=Callable[..., Any])
_images = click.argument("images", nargs=-1, required=True, type=click.Path(readable=False, path_type=Path), metavar="IMAGE...")


@click.group()
def character() -> None:
    """Say who the people of a film are, so that each keeps one face through every clip.

    Characters are plain files: a folder each, in `characters/` of the project (see --characters-dir).
    """


def _text_options(command: Command) -> Command:
    """The locked text anchors."""
    for flag, kind, text in (
        ("--light", str, "The lighting line of every prompt."),
        ("--marks", str, "Scars, moles, freckles, glasses, jewellery."),
        ("--hair", str, "Colour, cut, hairline."),
        ("--eyes", str, "Colour and shape."),
        ("--skin", str, "Tone and texture."),
        ("--age", click.IntRange(0, 130), "Years, as a number."),
    ):
        command = click.option(flag, type=kind, help=text, metavar="YEARS" if flag == "--age" else "TEXT")(command)
    return command


@character.command()
@click.argument("name")
@_images
@click.option("--note", metavar="TEXT", help="Anything worth knowing: where the pictures come from, who agreed to their use.")
@_text_options
@settings_options("characters_dir", "device")
def add(name: str, images: tuple[Path, ...], note: str | None, characters_dir: str | None, device: str, **text: Any) -> int:
    """Make a character of pictures of one person, or add pictures to one; each is checked as a reference.

    The best picture from the front becomes the master portrait.
    """
    from facefix import pipeline
    from facefix.characters.bible import TextAnchors
    from facefix.characters.place import checked, folder
    from facefix.characters.views import missing
    from facefix.settings import Settings

    checked(name)
    pictures = pipeline.references(images, Settings(device=device).devices[0])
    person = pipeline.add_character(folder(characters_dir), name, pictures, TextAnchors(**text), note)
    for one in pictures:
        _tell(one, faults_only=True)
    say(f"{name}: {len(person.character.views)} pictures in {person.character.folder}")
    for sentence in missing([view.angle for view in person.character.views]):
        say(f"  ! {sentence}")
    return 0


@character.command()
@_images
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
@settings_options("device")
def check(images: tuple[Path, ...], as_json: bool, device: str) -> int:
    """Say whether pictures can serve as master portraits, property by property; exit with 1 where one fails."""
    from facefix import pipeline
    from facefix.characters.reference import worst
    from facefix.characters.views import missing
    from facefix.report.schema import dumps
    from facefix.settings import Settings

    pictures = pipeline.references(images, Settings(device=device).devices[0])
    if as_json:
        click.echo(dumps([_document(one) for one in pictures]))
    else:
        for one in pictures:
            _tell(one, faults_only=False)
        for sentence in missing([one.angle for one in pictures]) if len(pictures) > 1 else ():
            say(f"! {sentence}")
    return 1 if any(worst(one.checked) == "fail" for one in pictures) else 0


@character.command()
@settings_options("characters_dir")
def ls(characters_dir: str | None) -> None:
    """List the characters with their views."""
    from facefix.characters import bible
    from facefix.characters.place import folder

    place = folder(characters_dir)
    names = bible.names(place)
    for name in names:
        one = bible.read(place, name)
        angles = ", ".join(dict.fromkeys(view.angle for view in one.views))
        say(f"{name:<20} {len(one.views):>2} pictures: {angles}{f'  ({one.note})' if one.note else ''}")
    if not names:
        say(f"no characters in {place}; `facefix character add NAME IMAGE...` makes one.", err=True)


@character.command()
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="PNG|HTML", help="Write the sheet there.")
@click.option("-y", "--yes", is_flag=True, help="Overwrite a file that exists.")
@settings_options("characters_dir", "device")
def show(name: str, output: Path | None, yes: bool, characters_dir: str | None, device: str) -> None:
    """Print what is known of a character; with -o write its sheet, a picture (.png) or a page (.html)."""
    from facefix import pipeline
    from facefix.characters.bible import FILE
    from facefix.characters.place import folder
    from facefix.characters.views import missing
    from facefix.errors import OutputError
    from facefix.files import check_output, write_bytes
    from facefix.settings import Settings

    if output is not None and output.suffix.lower() not in (".png", ".html"):
        raise OutputError(f"{output}: a sheet is a .png or an .html file.")
    person = pipeline.person(folder(characters_dir), name, Settings(device=device).devices[0])
    if output is not None:
        check_output(person.character.folder / FILE, output, overwrite=yes)
    _describe(person, missing([view.angle for view in person.character.views]))
    if output is not None:
        drawn = pipeline.character_html if output.suffix.lower() == ".html" else pipeline.character_png
        write_bytes(output, drawn(person))
        say(f"  sheet: {output}")


@character.command()
@click.argument("name")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@settings_options("characters_dir")
def rm(name: str, yes: bool, characters_dir: str | None) -> None:
    """Delete a character and its pictures."""
    from facefix.characters import bible
    from facefix.characters.place import folder

    one = bible.read(folder(characters_dir), name)
    if not yes:
        click.confirm(f"Delete {one.folder} with {len(one.views)} pictures?", abort=True)
    bible.remove(one)
    say(f"{name} removed.")


def _describe(person: Person, lacking: Sequence[str]) -> None:
    one, bank = person.character, person.bank
    say(f"{one.name}: {one.folder}")
    for title, words in (("note", one.note), ("text", one.text.prompt)):
        if words:
            say(f"  {title}: {words}")
    for view, known in zip(one.views, bank.views, strict=True):
        pose = known.look.pose
        where = "master, " if view.master else ""
        say(f"  {view.file}: {where}{view.angle}, {view.expression} (yaw {pose.yaw:+.0f}, pitch {pose.pitch:+.0f})")
    say(f"  its pictures lie {bank.spread:.2f} apart (identity distance; one person: below 0.5)")
    for sentence in lacking:
        say(f"  ! {sentence}")


def _tell(one: Reference, *, faults_only: bool) -> None:
    say(f"{one.path}: {one.angle}, {one.expression}")
    for checked in one.checked:
        if checked.grade == "pass" and faults_only:
            continue
        sign = {"pass": "  ok  ", "warn": "  warn", "fail": "  FAIL"}[checked.grade]
        value = f"{checked.value:.2f}".rstrip("0").rstrip(".")
        line = f"{sign} {checked.name}: {value} {checked.unit}".rstrip() + f" ({checked.limit})"
        say(f"{line}{f'. {checked.advice}' if checked.advice else ''}")


def _document(one: Reference) -> dict[str, Any]:
    from facefix.characters.reference import worst

    return {
        "path": str(one.path),
        "angle": one.angle,
        "expression": one.expression,
        "grade": worst(one.checked),
        "checks": [
            {"name": c.name, "value": round(c.value, 4), "unit": c.unit, "limit": c.limit, "grade": c.grade, "advice": c.advice}
            for c in one.checked
        ],
    }
