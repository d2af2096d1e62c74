"""An anchor frame -> JSON schema 1, and lines of text for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facefix import __version__
from facefix.report import timecode
from facefix.report.schema import SCHEMA
from facefix.report.table import wrapped

if TYPE_CHECKING:
    from facefix.pipeline import Anchor


def document(found: Anchor, out: Path) -> dict[str, Any]:
    """Plain JSON values; frames count from 0, ends are exclusive."""
    return {
        "schema": SCHEMA,
        "facefix": __version__,
        "clip": {"path": str(found.clip.path)},
        "out": str(out),
        "frame": found.frame,
        "before_end": found.end - 1 - found.frame,
        "later": [{"start": span.start, "end": span.end, "why": why} for span, why in found.later],
        "drifted": list(found.drifted),
        "repaired": found.repaired,
        "scale": found.scale,
        "width": found.pixels.shape[1],
        "height": found.pixels.shape[0],
        "bits": 8 * found.pixels.itemsize,
        "warnings": list(found.warnings),
    }


def lines(found: Anchor, out: Path) -> Iterator[str]:
    """Which frame, how far before the end, and why none of those behind it."""
    rate = found.clip.video.rate
    at = f"frame {found.frame}" + (f" ({timecode.timecode(found.frame, rate)})" if rate else "")
    behind = found.end - 1 - found.frame
    where = "the last one" if not behind else f"{behind} frame{'' if behind == 1 else 's'} before the last"
    height, width = found.pixels.shape[:2]
    made = [word for word, wanted in (("repaired", found.repaired), (f"enlarged {found.scale}x", found.scale > 1)) if wanted]
    yield f"{found.clip.path}: {at}, {where}; {', '.join([*made, f'{width}x{height}'])}, written to {out}"
    for span, why in found.later:
        yield f"  not {timecode.frames(span)}: {why}"
    for sentence in (*found.drifted, *found.warnings):
        yield from wrapped("  ! ", sentence)
