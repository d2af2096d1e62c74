"""What a render takes from a plan's characters: their pictures as further anchors, their shape, how far they count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.characters import place
from facefix.characters.bank import Banked
from facefix.errors import PlanError
from facefix.faces import align
from facefix.faces.mesh import framing
from facefix.pipeline.introducing import Person, person, picture
from facefix.plan import Plan, PlannedCharacter
from facefix.repair.cures import Sight
from facefix.repair.detail import as_small
from facefix.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What a face is held to besides its own frames."""

    sights: tuple[Sight, ...]
    """The character's pictures, cut as the face's crops are; the master first. Their frame number is -1."""
    shapes: NDArray[float32]
    """(N, 478, 3) their meshes unturned, as `faces.mesh.shape` does."""
    strength: float
    """0..1: how far all this counts against the face's own sound frames."""


Cast = Mapping[str, tuple[Person, float]]
"""Name -> the character, and how far it counts."""


def cast_of(plan: Plan, settings: Settings) -> Cast:
    """The characters of a plan, read again.

    Raises:
        PlanError: one is missing, or its pictures are others than when the plan was made.
    """
    return {one.name: (_found(one, settings), one.strength) for one in plan.characters}


def _found(planned: PlannedCharacter, settings: Settings) -> Person:
    folders = [planned.folder.parent, place.folder(settings.characters_dir)]
    if settings.characters_dir is not None:
        folders.reverse()
    there = next((folder for folder in folders if _has(folder, planned.name)), None)
    if there is None:
        raise PlanError(
            f"The plan needs the character {planned.name}, which is not in {folders[0]}; name its folder with --characters-dir."
        )
    found = person(there, planned.name, settings.devices[0])
    if found.bank.key != planned.bank:
        raise PlanError(
            f"The pictures of {planned.name} in {there} are others than when the plan was made; run `facefix inspect --plan`."
        )
    return found


def _has(folder: Path, name: str) -> bool:
    try:
        return (folder / name).is_dir()
    except OSError:
        return False


def reference(one: Person, side: int, source_px: float, strength: float) -> Reference:
    """What a face of crops of `side` px is held to.

    source_px: of the clip, that a crop's side spans: pictures are shown no finer, for their grain is another camera's.

    Raises:
        InputError: a picture cannot be read.
    """
    views = zip(one.character.views, one.bank.views, strict=True)
    sights = tuple(_sight(one.character.picture(view), known, side, source_px) for view, known in views)
    return Reference(sights, np.stack([known.look.shape for known in one.bank.views]), strength)


def _sight(path: Path, known: Banked, side: int, source_px: float) -> Sight:
    pixels, _ = picture(path)
    crop = align.crop(pixels, align.transform(known.points, side), side)
    return Sight(-1, as_small(crop.pixels, source_px), framing.through(crop.transform, known.mesh))
