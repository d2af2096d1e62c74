"""The page of a comparison: every person's clips side by side, how far they lie apart, and which to generate again."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from facefix.characters.consistency import LIMIT, Appearance, Person, Shown
from facefix.characters.wording import sentences
from facefix.report.consistency import advice, doubts, name_of, unseen
from facefix.report.html.rendering import page, picture
from facefix.types import Pixels

if TYPE_CHECKING:
    from facefix.pipeline import Comparison, Pictures

_FAR = 0.6
"""Identity distance that is drawn in full colour."""
_QUALITY = 88


def html(found: Comparison, pictures: Pictures, portraits: Mapping[str, Pixels] = MappingProxyType({})) -> str:
    """One page that needs nothing beside it. portraits: of each character that was asked for, (H, W, 3) RGB uint8."""
    names = [one.clip.path.name for one in found.clips]
    return page(
        "consistency.html.j2",
        names=names,
        advice=[*advice(found), *unseen(found), *doubts(found)],
        limit=LIMIT,
        reference=None if found.reference is None else names[found.reference],
        people=[
            {**_person(number, person, found, pictures), "portrait": _portrait(person, portraits)}
            for number, person in enumerate(found.people, start=1)
        ],
        unmeasured=[{"name": names[face.clip], "track": face.track} for face in found.unmeasured],
    )


def _person(number: int, person: Person, found: Comparison, pictures: Pictures) -> dict[str, Any]:
    departed = {one.clip for one in person.departed}
    reference = None if person.character else found.reference
    return {
        "name": name_of(person, number),
        "told_apart": person.told_apart,
        "clips": [{**_appearance(one, reference, pictures), "regenerate": one.clip in departed} for one in person.appearances],
        "distances": [
            [
                {"text": "" if i == j else f"{value:.2f}", "share": round(100 * min(1.0, value / _FAR))}
                for j, value in enumerate(row)
            ]
            for i, row in enumerate(person.distances)
        ],
    }


def _appearance(one: Appearance, reference: int | None, pictures: Pictures) -> dict[str, Any]:
    return {
        "number": one.clip + 1,
        "reference": one.clip == reference,
        "departure": None if one.departure is None else one.severity,
        "words": [] if one.departure is None else list(sentences(one.departure)),
        "face_px": float(np.median([sample.face_px for sample in one.samples])),
        "best": _picture(one.clip, one.best, pictures),
        "worst": _picture(one.clip, one.worst, pictures),
    }


def _portrait(person: Person, portraits: Mapping[str, Pixels]) -> str | None:
    pixels = portraits.get(person.character or "")
    return None if pixels is None else _address(pixels)


def _picture(clip: int, shown: Shown, pictures: Pictures) -> dict[str, Any]:
    return {"frame": shown.frame, "track": shown.track, "address": _address(pictures[clip, shown.track, shown.frame])}


def _address(pixels: Pixels) -> str:
    jpeg = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    return picture(bytes(jpeg))
