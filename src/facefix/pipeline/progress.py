"""How the passes tell how far they are."""

from __future__ import annotations

from collections.abc import Callable

from facefix.types import ClipInfo

Progress = Callable[[str, int, int | None], None]
"""Called with the stage's name, frames done, and frames in all or None."""


def silent(stage: str, done: int, total: int | None) -> None:
    """The progress of those who do not ask."""


def fps(clip: ClipInfo) -> float:
    """Nominal frames per second, for window lengths only."""
    return float(clip.video.rate or 25)
