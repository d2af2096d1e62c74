"""A character's sheet: its pictures cut around the face, with all that is known in words."""

from __future__ import annotations

import numpy as np

from facefix.characters.views import missing
from facefix.faces import align
from facefix.pipeline.introducing import Person, picture
from facefix.report import character_sheet
from facefix.report.character_sheet import Picture, Sheet
from facefix.types import Pixels

_AROUND = 0.78
"""Size of the aligned face in its square: hair and neck show too."""


def character_png(person: Person) -> bytes:
    """The sheet as a PNG file. Raises InputError where a picture cannot be read any more."""
    return character_sheet.png(_sheet(person))


def character_html(person: Person) -> bytes:
    """The sheet as a page. Raises as `character_png`."""
    return character_sheet.html(_sheet(person)).encode("utf-8", errors="backslashreplace")


def _sheet(person: Person) -> Sheet:
    one = person.character
    pictures = []
    for view, known in zip(one.views, person.bank.views, strict=True):
        rgb, _ = picture(one.picture(view))
        pose = known.look.pose
        caption = f"{view.file}: {view.angle}, {view.expression}, yaw {pose.yaw:+.0f}, pitch {pose.pitch:+.0f}"
        pictures.append(Picture(f"{'master - ' if view.master else ''}{caption}", _cut(rgb, known.points)))
    facts = [("text", one.text.prompt), ("light", one.text.light), ("note", one.note)]
    facts.append(("apart", f"{person.bank.spread:.2f} mean identity distance between the pictures (one person: below 0.5)"))
    return Sheet(one.name, facts, missing([view.angle for view in one.views]), pictures)


def _cut(rgb: Pixels, points: np.ndarray) -> Pixels:
    side = character_sheet.MASTER_PX
    matrix = align.transform(points, side)
    matrix[:, :2] *= _AROUND
    matrix[:, 2] = (matrix[:, 2] - side / 2) * _AROUND + side / 2
    return np.rint(align.crop(rgb, matrix, side).pixels * 255).astype(np.uint8)
