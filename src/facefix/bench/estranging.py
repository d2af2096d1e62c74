"""Whether a drift that was there from the first frame on is found by the distance to a character's pictures, and only that.

Frames of a clip's first part, as they are and drifted by some amount in some directions, against `VIEWS` of its last part; what
is measured is `characters.estrangement` on embeddings of real frames, not the following of faces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.bench import characters, clips
from facefix.bench.faults import drift
from facefix.bench.faults.apply import change_faces
from facefix.characters.estrangement import Glance, estrangement
from facefix.diagnose.spans import VISIBLE
from facefix.media import colour, probe
from facefix.pipeline.looking import Looker
from facefix.types import Look, Pixels, Span

SEVERITIES = (0.0, 0.3, 0.6, 0.9)
DIRECTIONS = 2
"""Of the drift, of each clip and severity."""


@dataclass(frozen=True, slots=True)
class Estranged:
    """One clip at one severity in one direction."""

    name: str
    injected: float
    found: float
    """Severity; 0 where nothing is said."""


def run(folder: Path, part: str = "all", *, seed: int = 0) -> list[Estranged]:
    """Every clip of the folder that is long enough for both parts, at every severity.

    Raises:
        InputError: the folder, or that part of it, holds no clip.
    """
    looker, results = Looker(), []
    for path in (c for found in clips.clips_of(folder, part).values() for c in found):
        if characters.length_s(path) < characters.SHORTEST_S:
            continue
        info = probe.probe(path)
        frames, rate = info.video.declared_frames or 0, float(info.video.rate or 25)
        worked = int(min(characters.MOST_S, characters.WORKED * characters.length_s(path)) * rate)
        behind = Span(worked + round(characters.GAP_S * rate), max(worked + 2, frames - 1))
        shown, views = characters.looked(info, Span(0, worked)), characters.spread(characters.looked(info, behind))
        pictures = _glances([one.look for _, one in views])
        small = [_shrunk(rgb, one.points) for rgb, one in shown]
        for number, severity in enumerate(SEVERITIES):
            for way in range(DIRECTIONS if severity else 1):
                weights, tone = drift.direction(1000 * seed + 10 * len(results) + number + way)
                change = drift.changing(np.array([severity]), drift.SHAPE * weights, drift.TONE * tone)
                looks = []
                for rgb, points in small:
                    (spoilt,) = change_faces([rgb], points[None], Span(0, 1), change) if severity else [rgb]
                    looks += [one.look for one in looker.looks([spoilt], [points])]
                far = estrangement(_glances(looks), pictures)
                results.append(Estranged(path.stem, severity, 0.0 if far is None else far.severity))
    return results


def _glances(looks: Sequence[Look]) -> list[Glance]:
    return [Glance(look.pose, look.identity) for look in looks if look.identity is not None]


def _shrunk(rgb: Pixels, points: NDArray[float32]) -> tuple[Pixels, NDArray[float32]]:
    """Faces of at most `clips.FACE_PX`, as elsewhere."""
    scale = min(1.0, clips.FACE_PX / max(1.0, 2.0 * float(np.linalg.norm(points[0] - points[1]))))
    made = cv2.resize(colour.eight_bits(rgb), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(made, np.uint8), ((points + 0.5) * scale - 0.5).astype(float32)


def line(found: Sequence[Estranged]) -> str:
    """A line for people."""
    told = []
    for severity in SEVERITIES:
        some = [one.found for one in found if one.injected == severity]
        if some:
            told.append(
                f"{severity:g}: {sum(value >= VISIBLE for value in some)} of {len(some)} (median {np.median(some):.2f})"
            )
    return f"drift from the first frame on, found by the pictures: {'; '.join(told)}"
