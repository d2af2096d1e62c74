"""Clips with a fault in them, planned for their repair as the bench does when it is told: what several scripts begin with."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from facefix import pipeline
from facefix.bench import cases, clips
from facefix.bench.cases import Case
from facefix.bench.diagnosis import write
from facefix.bench.repair import informed
from facefix.plan import Plan
from facefix.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A case, on disk as long as it is looked at."""

    spoilt: Path
    sound: Path
    """The same without the fault."""
    plan: Plan
    settings: Settings


def listed(folders: Sequence[Path]) -> list[Path]:
    """The clips of folders, in order; of those named `real_clips` the fitted half alone."""
    every = []
    for folder in folders:
        parts = clips.clips_of(folder, "fit" if folder.name == "real_clips" else "all")
        every += sorted(clip for some in parts.values() for clip in some)
    return every


@contextmanager
def told(case: Case, seconds: float, least_px: float, cache: Path) -> Iterator[Told | None]:
    """The case, injected and planned; None where its face is smaller than that. cache: as `clips.load` has it."""
    clip = clips.load(case.clip, seconds, cache)
    if clip.face_px < least_px:
        yield None
        return
    labels = cases.place(case, clip)
    with tempfile.TemporaryDirectory(prefix="facefix-told-") as folder:
        spoilt, sound = Path(folder) / "case.mkv", Path(folder) / "truth.mkv"
        write(spoilt, cases.pictures(case, clip, labels), clip.rate)
        write(sound, clip.pictures(case.face_px), clip.rate)
        settings = Settings()
        plan = pipeline.plan(informed(pipeline.analyse(spoilt, settings), labels), settings)
        yield Told(spoilt, sound, plan, settings)
