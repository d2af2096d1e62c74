"""Contact sheets of the cases that came out worst: truth, damage and what each method made of it, a row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.outcomes import OWN, Repaired
from facefix.files import write_bytes
from facefix.types import Pixels

Floats = NDArray[np.float32]

CAPTION_PX, GAP_PX = 22, 6
_BACKGROUND, _TEXT = (24, 24, 24), (235, 235, 235)

WORST = 10
COLUMNS = 6
"""Frames across the fault."""


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    outcome: Repaired
    frames: NDArray[np.int_]
    rows: dict[str, NDArray[np.uint8]]
    """Name -> (K, S, S, 3) RGB."""


class Worst:
    """Keeps a few frames of the spoilt cases of which facefix undid least; a `repair.Show`."""

    def __init__(self, count: int = WORST) -> None:
        self._count = count
        self._kept: list[_Kept] = []

    def __call__(self, outcome: Repaired, frames: NDArray[np.int_], pictures: Mapping[str, Floats]) -> None:
        if outcome.mode == "clean":
            return
        chosen = np.unique(np.linspace(0, len(frames) - 1, COLUMNS).round().astype(int))
        rows = {
            name: np.round(crops[chosen] * 255).astype(np.uint8)
            for name, crops in pictures.items()
            # The input by another name.
            if name != "none"
        }
        self._kept.append(_Kept(outcome, frames[chosen], rows))
        self._kept.sort(key=lambda kept: kept.outcome.own.nearness.undone)
        del self._kept[self._count :]

    def write(self, folder: Path) -> list[Path]:
        """One PNG a case into an existing folder, the worst first. Raises OutputError."""
        written = []
        for path, kept in zip(places(folder, self._count), self._kept, strict=False):
            write_bytes(path, _png(kept))
            written.append(path)
        return written


def places(folder: Path, count: int = WORST) -> list[Path]:
    """The files that `Worst.write` may write."""
    return [folder / f"worst_{number:02}.png" for number in range(1, count + 1)]


def _png(kept: _Kept) -> bytes:
    side = next(iter(kept.rows.values())).shape[1]
    width = len(kept.frames) * (side + GAP_PX) + GAP_PX
    shares = ", ".join(
        f"{name} {100 * result.nearness.undone:.0f} %" for name, result in kept.outcome.methods.items() if name != "none"
    )
    strips = [blank(CAPTION_PX, width, f"{kept.outcome.case.name}   undone: {shares}")]
    for name, crops in kept.rows.items():
        strip = blank(CAPTION_PX + side + GAP_PX, width, "")
        title = "after: facefix" if name == OWN else name
        for column, (frame, crop) in enumerate(zip(kept.frames, crops, strict=True)):
            x = GAP_PX + column * (side + GAP_PX)
            write(strip, f"{title}, {frame}" if column == 0 else str(frame), x, CAPTION_PX - 6)
            strip[CAPTION_PX : CAPTION_PX + side, x : x + side] = crop
        strips.append(strip)
    return bytes(cv2.imencode(".png", cv2.cvtColor(np.concatenate(strips), cv2.COLOR_RGB2BGR))[1])


def blank(height: int, width: int, text: str) -> Pixels:
    """(height, width, 3) RGB background with a line of text at its top."""
    strip = np.full((height, width, 3), _BACKGROUND, np.uint8)
    write(strip, text, GAP_PX, CAPTION_PX - 6)
    return strip


def write(picture: Pixels, text: str, x: int, y: int) -> None:
    """Put a line of text into the picture, its base line beginning at x, y."""
    # OpenCV's built-in letters are ASCII only.
    plain = text.encode("ascii", "replace").decode("ascii")
    cv2.putText(picture, plain, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _TEXT, 1, cv2.LINE_AA)
