"""Pictures of people -> characters: found, looked at, checked as references, written down; and read again for use."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from facefix.characters import bank, bible, place, reference, views
from facefix.characters.bank import Bank, Banked
from facefix.characters.bible import Character, TextAnchors, View
from facefix.characters.reference import Checked
from facefix.errors import InputError
from facefix.faces import align, likeness, portrait
from facefix.faces.detectors import named
from facefix.faces.identity import WEIGHTS as IDENTITY
from facefix.faces.mesh import mesher, shape
from facefix.models import zoo
from facefix.pipeline.loading import loaded
from facefix.pipeline.looking import Looker, Seen
from facefix.types import Face, Pixels

_NETWORKS = (mesher.WEIGHTS, shape.WEIGHTS, IDENTITY)


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A picture of a person, looked at."""

    path: Path
    pixels: Pixels
    """(H, W, 3) uint8, upright."""
    content: bytes
    """The file."""
    seen: Seen
    """The largest face."""
    checked: tuple[Checked, ...]
    """As a master portrait."""

    @property
    def angle(self) -> str:
        return views.angle(self.seen.look.pose)

    @property
    def expression(self) -> str:
        return views.expression(self.seen.look)


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """A character with its bank: what matching and repairing need."""

    character: Character
    bank: Bank

    @property
    def name(self) -> str:
        return self.character.name


def picture(path: Path) -> tuple[Pixels, bytes]:
    """(H, W, 3) uint8 RGB, turned as its EXIF says, and the file's bytes. Raises InputError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    # OpenCV writes about broken files to standard error; the sentence below is enough.
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    if pixels is None:
        raise InputError(f"{path}: is no picture that can be read; use PNG, JPEG, WebP or TIFF.")
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), content


def references(paths: Sequence[Path], device: str = "auto") -> list[Reference]:
    """The pictures, each with its largest face. Raises InputError where one cannot be read or shows no face."""
    spec, looker = named("auto", device), Looker(device)
    detector = loaded(spec.load, spec.files, device)
    found = []
    for path in paths:
        pixels, content = picture(path)
        faces = detector.detect([pixels], [0])[0]
        seen = _largest(pixels, faces, looker)
        if seen is None:
            raise InputError(f"{path}: no face is found in it; choose a picture that shows the face larger and unhidden.")
        look = seen.look
        measures = portrait.measure(pixels, seen.mesh, look.pose, faces) | views.expression_measures(look.shape)
        found.append(Reference(path, pixels, content, seen, tuple(reference.check(measures))))
    return found


def _largest(pixels: Pixels, faces: Sequence[Face], looker: Looker) -> Seen | None:
    """The largest of the faces that the mesh network knows too."""
    for face in sorted(faces, key=align.face_px, reverse=True):
        (seen,) = looker.looks([pixels], [face.points])
        if seen.confidence >= mesher.LOST:
            return seen
    return None


def add(folder: Path, name: str, pictures: Sequence[Reference], text: TextAnchors, note: str | None = None) -> Person:
    """Make a character of pictures, or add them to the one there is; what is given of text and note replaces what was said.

    Raises:
        SettingsError: the name cannot be a folder's.
        InputError: no picture at all, or one that shows somebody else.
        OutputError: it cannot be written.
    """
    home = folder / place.checked(name)
    known = bible.read(folder, name) if (home / bible.FILE).exists() else None
    character = known or Character(name, home, "", TextAnchors(), ())
    there = {hashlib.sha256(character.picture(view).read_bytes()).hexdigest() for view in character.views}
    new = [one for one in pictures if hashlib.sha256(one.content).hexdigest() not in there]
    if not new and known is None:
        raise InputError(f"{name}: name at least one picture of the person.")
    _same_person(name, new, None if known is None else person(folder, name))
    given = {key: value for key in text.__slots__ if (value := getattr(text, key)) not in (None, "")}
    character = replace(character, note=character.note if note is None else note, text=replace(character.text, **given))
    files: dict[str, bytes] = {}
    added, best = [], None if known is not None else _master(new)
    for one in new:
        taken = {view.file for view in character.views} | set(files)
        file = _file_name(one, taken)
        files[file] = one.content
        added.append(View(file, one.angle, one.expression, one is best))
    character = bible.with_views(character, added)
    bible.write(character, files)
    return person(folder, name)


def _master(pictures: Sequence[Reference]) -> Reference:
    """The picture with the fewest faults as a master portrait; of equals the first."""
    return min(pictures, key=lambda one: sum({"pass": 0, "warn": 1, "fail": 10}[c.grade] for c in one.checked))


def _file_name(one: Reference, taken: set[str]) -> str:
    """Angle and expression, numbered where there is one already."""
    stem = one.angle if one.expression == "neutral" else f"{one.angle}-{one.expression.replace(' ', '-')}"
    suffix = one.path.suffix.lower() or ".png"
    names = (f"{stem}{'' if n == 1 else f'-{n}'}{suffix}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _same_person(name: str, pictures: Sequence[Reference], known: Person | None) -> None:
    """Raises InputError where a picture shows somebody else than those before it."""
    faces = [] if known is None else list(known.bank.identities)
    for one in pictures:
        identity = one.seen.look.identity
        far = likeness.to_nearest(identity, faces)
        if far > likeness.STRANGER:
            raise InputError(
                f"{one.path}: shows another person than the pictures of {name} before it (identity distance {far:.2f}, "
                f"{likeness.STRANGER:g} and more is somebody else); give each person a character of their own."
            )
        faces += [] if identity is None else [identity]


def person(folder: Path, name: str, device: str = "auto") -> Person:
    """A character ready for use; its bank is made again where pictures or networks have changed.

    Raises:
        InputError: there is no such character, or one of its pictures shows no face any more.
    """
    character = bible.read(folder, name)
    wanted = bank.key(character, (zoo.entry(network).sha256 for network in _NETWORKS))
    kept = bank.load(character, wanted)
    if kept is None:
        seen = [one.seen for one in references([character.picture(view) for view in character.views], device)]
        kept = Bank(wanted, tuple(Banked(one.look, one.mesh, one.points) for one in seen))
        _keep(character, kept)
    return Person(character, kept)


def _keep(character: Character, fresh: Bank) -> None:
    """A folder that only others may write to is used as it is, a few seconds slower."""
    from contextlib import suppress

    from facefix.errors import OutputError

    with suppress(OutputError):
        bank.save(character, fresh)
