"""Clips against each other: every clip is analysed, its faces sampled, and the samples compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facefix.characters import consistency, matching, people
from facefix.characters.consistency import Person, Shown
from facefix.characters.people import Appearing
from facefix.errors import InputError
from facefix.faces import align
from facefix.media import colour, decode
from facefix.models import zoo
from facefix.pipeline import introducing
from facefix.pipeline.analysing import Followed, follow
from facefix.pipeline.casting import candidate, matched
from facefix.pipeline.casting import people as asked_for
from facefix.pipeline.equipping import equipped
from facefix.pipeline.progress import Progress, silent
from facefix.pipeline.sampling import of_pictures, samples
from facefix.settings import Settings
from facefix.types import Pixels, Span

PICTURE_PX = 224
"""Side of the pictures of faces."""

Pictures = Mapping[tuple[int, int, int], Pixels]
"""(clip, track, frame) -> (PICTURE_PX, PICTURE_PX, 3) RGB uint8 of the aligned face."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A character that no face was given to."""

    character: str
    person: int | None
    """Number, in the list of people, of the one that is nearest; None where nobody's identity can be told."""
    distance: float
    """Identity distance of the two."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What clips show of their people."""

    clips: tuple[Followed, ...]
    reference: int | None
    """Number of the clip that is right; None: the people's own consensus is."""
    people: tuple[Person, ...]
    """Those seen in most clips first."""
    doubts: tuple[people.Doubt, ...]
    """People who may be others whose face changed."""
    unmeasured: tuple[Appearing, ...]
    """Faces too small, or never seen well enough, to be compared."""
    failures: tuple[str, ...] = ()
    """Sentences about clips that could not be read and were left out."""
    characters: tuple[introducing.Person, ...] = ()
    """Those that were asked for."""
    unseen: tuple[Unseen, ...] = ()
    """Those of them whose face is in none of the clips."""


def compare(
    clips: Sequence[Path],
    settings: Settings | None = None,
    *,
    reference: Path | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Say who is who in clips, and how far each person's clips lie apart.

    Characters of the settings name the people that are theirs, and say how they ought to look.

    Args:
        reference: one of the clips, by which the others are judged where no character is.
        progress: told of stages with the clip's name in them.

    Raises:
        InputError: the reference or a character cannot be read, or fewer than two clips can (without characters; else none);
            other clips are left out.
        ModelError: weights are missing.
    """
    settings = settings or Settings()
    with zoo.searched(settings.models_dir):
        known = asked_for(settings)
        banks = {one.name: of_pictures(one) for one in known}
    seen: list[Followed] = []
    faces: list[Appearing] = []
    errors: list[InputError] = []
    right = None
    for clip in clips:
        wanted = reference is not None and clip.resolve() == reference.resolve()
        try:
            one, own = appearing(len(seen), clip, settings, _named(clip, progress))
        except InputError as error:
            if wanted:
                raise
            errors.append(error)
            continue
        right = len(seen) if wanted else right
        seen.append(one)
        faces += own
    if len(seen) < (1 if known else 2) and errors:
        raise errors[0]
    owners = _owners(seen, known)
    own = {name: tuple(face for face in faces if owners.get((face.clip, face.track)) == name) for name in banks}
    cast = {name: shown for name, group in own.items() if (shown := tuple(face for face in group if face.samples))}
    others = people.together([face for face in faces if (face.clip, face.track) not in owners])
    groups = [*cast.values(), *others]
    named = [consistency.person(group, character=name, pictures=banks[name]) for name, group in cast.items()]
    return Comparison(
        clips=tuple(seen),
        reference=right,
        people=(*named, *(consistency.person(group, right) for group in others)),
        doubts=tuple(people.doubts(groups)),
        unmeasured=tuple(face for face in faces if not face.samples),
        failures=tuple(str(error) for error in errors),
        characters=known,
        unseen=tuple(_unseen(one, groups) for one in known if one.name not in cast),
    )


def _owners(clips: Sequence[Followed], known: Sequence[introducing.Person]) -> dict[tuple[int, int], str]:
    """(clip, track) -> character, as every clip's faces are given to characters."""
    owners = {}
    for number, clip in enumerate(clips) if known else ():
        for match in matched([candidate(track, known) for track in clip.tracks], known):
            if match.character is not None:
                owners[number, match.track] = match.character
    return owners


def _unseen(one: introducing.Person, groups: Sequence[Sequence[Appearing]]) -> Unseen:
    far = [
        (matching.distance_to([sample.identity for face in group for sample in face.samples], one.bank.identities), number)
        for number, group in enumerate(groups)
    ]
    distance, nearest = min((pair for pair in far if pair[0] == pair[0]), default=(float("nan"), None))
    return Unseen(one.name, nearest, distance)


def appearing(number: int, clip: Path, settings: Settings, progress: Progress = silent) -> tuple[Followed, list[Appearing]]:
    """What one clip shows. number: the clip's, among those that are compared. Raises InputError, ModelError."""
    with equipped(settings):
        one = follow(clip, settings, progress=progress)
        seen = samples(one.clip, one.tracks, settings.devices[0], progress=progress)
    return one, [Appearing(number, track.id, track.span, seen[track.id]) for track in one.tracks]


def pictures(found: Comparison, *, progress: Progress = silent) -> Pictures:
    """The best and the worst frame of every person in every clip. Raises InputError where a clip is gone."""
    shown: dict[int, set[Shown]] = {}
    for person in found.people:
        for one in person.appearances:
            shown.setdefault(one.clip, set()).update((one.best, one.worst))
    made: dict[tuple[int, int, int], Pixels] = {}
    for number, wanted in shown.items():
        clip = found.clips[number].clip
        told = _named(clip.path, progress)
        tracks = {track.id: track for track in found.clips[number].tracks}
        span = Span(min(one.frame for one in wanted), max(one.frame for one in wanted) + 1)
        for done, frame in enumerate(decode.Decoder(clip, span), start=1):
            here = [one for one in wanted if one.frame == frame.index]
            rgb = colour.to_rgb(frame, clip) if here else None
            for one in here:
                face = tracks[one.track].at(one.frame)
                if face is not None and rgb is not None:
                    crop = align.crop(rgb, align.transform(face.points, PICTURE_PX), PICTURE_PX)
                    made[number, one.track, one.frame] = np.rint(crop.pixels * 255).astype(np.uint8)
            told("drawing", done, len(span))
    return made


def portraits(found: Comparison) -> dict[str, Pixels]:
    """Character -> (PICTURE_PX, PICTURE_PX, 3) RGB uint8 of its master portrait. Raises InputError where it is gone."""
    made = {}
    for one in found.characters:
        rgb, _ = introducing.picture(one.character.picture(one.character.views[0]))
        crop = align.crop(rgb, align.transform(one.bank.views[0].points, PICTURE_PX), PICTURE_PX)
        made[one.name] = np.rint(crop.pixels * 255).astype(np.uint8)
    return made


def _named(clip: Path, progress: Progress) -> Progress:
    """The progress of one clip of several."""
    return lambda stage, done, total: progress(f"{stage}, {clip.name}", done, total)
