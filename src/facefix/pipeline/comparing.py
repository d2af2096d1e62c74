"""Clips against each other: every clip is analysed, its faces sampled, and the samples compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facefix.characters import consistency, people
from facefix.characters.consistency import Person, Shown
from facefix.characters.people import Appearing
from facefix.errors import InputError
from facefix.faces import align
from facefix.media import colour, decode
from facefix.models import zoo
from facefix.pipeline.analysing import Followed, follow
from facefix.pipeline.progress import Progress, silent
from facefix.pipeline.sampling import samples
from facefix.settings import Settings
from facefix.types import Pixels, Span

PICTURE_PX = 224
"""Side of the pictures of faces."""

Pictures = Mapping[tuple[int, int, int], Pixels]
"""(clip, track, frame) -> (PICTURE_PX, PICTURE_PX, 3) RGB uint8 of the aligned face."""


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


def compare(
    clips: Sequence[Path],
    settings: Settings | None = None,
    *,
    reference: Path | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Say who is who in clips, and how far each person's clips lie apart.

    Args:
        reference: one of the clips, by which the others are judged.
        progress: told of stages with the clip's name in them.

    Raises:
        InputError: the reference cannot be read, or fewer than two clips can; others are left out.
        ModelError: weights are missing.
    """
    settings = settings or Settings()
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
    if len(seen) < 2 and errors:
        raise errors[0]
    groups = people.together(faces)
    return Comparison(
        clips=tuple(seen),
        reference=right,
        people=tuple(consistency.person(group, right) for group in groups),
        doubts=tuple(people.doubts(groups)),
        unmeasured=tuple(face for face in faces if not face.samples),
        failures=tuple(str(error) for error in errors),
    )


def appearing(number: int, clip: Path, settings: Settings, progress: Progress = silent) -> tuple[Followed, list[Appearing]]:
    """What one clip shows. number: the clip's, among those that are compared. Raises InputError, ModelError."""
    with zoo.searched(settings.models_dir):
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


def _named(clip: Path, progress: Progress) -> Progress:
    """The progress of one clip of several."""
    return lambda stage, done, total: progress(f"{stage}, {clip.name}", done, total)
