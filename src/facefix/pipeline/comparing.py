"""Clips against each other: every clip is analysed, its faces sampled, and the samples compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from facefix.characters import consistency, people
from facefix.characters.consistency import Person
from facefix.characters.people import Appearing
from facefix.pipeline.analysing import analyse
from facefix.pipeline.progress import Progress
from facefix.pipeline.sampling import samples
from facefix.settings import Settings
from facefix.types import Analysis


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What clips show of their people."""

    analyses: tuple[Analysis, ...]
    reference: int | None
    """Number of the clip that is right; None: the people's own consensus is."""
    people: tuple[Person, ...]
    """Those seen in most clips first."""
    unmeasured: tuple[Appearing, ...]
    """Faces too small, or never seen well enough, to be compared."""


def compare(
    clips: Sequence[Path], settings: Settings, *, reference: Path | None = None, progress: Callable[[Path], Progress]
) -> Comparison:
    """Say who is who in clips, and how far each person's clips lie apart.

    Args:
        reference: one of the clips, by which the others are judged.
        progress: of one clip.

    Raises:
        InputError: a clip cannot be read.
        ModelError: weights are missing.
    """
    analyses, faces = [], []
    for number, clip in enumerate(clips):
        told = progress(clip)
        analysis = analyse(clip, settings, progress=told)
        seen = samples(analysis, settings.device, progress=told)
        faces += [Appearing(number, d.track.id, d.track.shot, d.track.span, seen[d.track.id]) for d in analysis.diagnoses]
        analyses.append(analysis)
    right = None if reference is None else [path.resolve() for path in clips].index(reference.resolve())
    return Comparison(
        analyses=tuple(analyses),
        reference=right,
        people=tuple(consistency.person(group, right) for group in people.together(faces)),
        unmeasured=tuple(face for face in faces if not face.samples),
    )
