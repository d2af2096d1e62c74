"""Before a render: where the faces that are to be treated are covered, and by how much their repair must hold back there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy import uint8
from numpy.typing import NDArray

from facefix.faces import align
from facefix.plan import PlannedTrack, Treatment
from facefix.repair.mask import face_mask
from facefix.repair.masks import Parser
from facefix.repair.masks.contract import SHOWN_PX
from facefix.repair.masks.steadying import LOOK, steadied
from facefix.repair.strength import RAMP_FRAMES
from facefix.types import Crop

_KNOWN = 0.5
"""Share of the face's oval that a parser must take for the face in half of its frames: what it knows less well - a drawing, a
mask, a face seen from behind a window - it cannot tell from what covers it."""


class Parsing:
    """Gathers what a parser says of each treated face while the faces are looked at: 16 KB a face and frame."""

    def __init__(self, parser: Parser, tracks: Sequence[PlannedTrack], treatments: Sequence[Treatment]) -> None:
        self._parser = parser
        self._frames = {track.id: _frames(track, treatments) for track in tracks}
        self._shown: dict[int, dict[int, NDArray[uint8]]] = {track.id: {} for track in tracks}
        self._oval = face_mask(np.asarray(align.FFHQ_TEMPLATE * SHOWN_PX / align.TEMPLATE_PX, np.float32), SHOWN_PX).face

    def look(self, faces: Sequence[tuple[int, Crop]]) -> None:
        """Some faces, each with its track's id: those that are treated are parsed, all at once.

        Raises:
            ModelError: the accelerator's memory does not hold one face.
        """
        mine = [(track, crop) for track, crop in faces if crop.frame in self._frames[track]]
        maps = self._parser.shown([crop.pixels for _, crop in mine])
        for (track, crop), shown in zip(mine, maps, strict=True):
            self._shown[track][crop.frame] = np.rint(255 * shown).astype(np.uint8)

    def shown(self, track: PlannedTrack) -> dict[int, NDArray[uint8]]:
        """Frame -> where the face is not covered, calm over time; nothing where the parser does not know the face."""
        seen = self._shown.pop(track.id)
        if not seen:
            return {}
        known = [float((self._oval * one).sum() / (255 * self._oval.sum())) for one in seen.values()]
        return steadied(seen) if np.median(known) >= _KNOWN else {}


def _frames(track: PlannedTrack, treatments: Sequence[Treatment]) -> frozenset[int]:
    """Those in which the face is treated, and as many around them as smoothing looks at."""
    reach = RAMP_FRAMES + LOOK
    mine = [t.span for t in treatments if t.track == track.id]
    wanted = {frame for span in mine for frame in range(span.start - reach, span.end + reach)}
    return frozenset(frame for frame in wanted if frame in track.span)
