"""How far a face has departed from what it was at first: drift as the eye finds it, by holding late looks against early ones.

One embedding says little, for a face is never twice alike; the mean of some at like poses says much more. So the face of every
moment - about a second of it - is held against the face of the track's first second as `compare` holds clips against each
other: means at matched poses, of identity and of the skin's tone beyond what the light explains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.characters import weighing
from facefix.characters.sample import Sample
from facefix.characters.shifts import meet, shift
from facefix.diagnose.beside.pairing import FIRST_S
from facefix.faces import align, appearance, likeness
from facefix.faces.mesh import framing, shape
from facefix.faces.mesh.mesher import LOST
from facefix.types import Crop, Face, Span

SIGNALS: Mapping[str, str] = MappingProxyType(
    {
        "departure": "severity, 0..1, of a drift that departs as far from the track's first second",
        "departure_identity": "identity distance of the mean looks, at like poses",
        "departure_tone": "CIE Lab that the skin has changed by beyond what the light explains",
    }
)
"""NaN where poses are never alike or too little was measured."""
REACH_S = 0.6
"""To either side of a moment."""
LEAST = 3
"""Looks on either side of a comparison."""


class Departing:
    """One track; looks are added in order, where its identity was measured."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._model = shape.load()
        self._samples: list[Sample] = []

    def add(
        self, face: Face, mesh: NDArray[float32], confidence: NDArray[float32], crop: Crop, light: NDArray[float32]
    ) -> None:
        """The face of a frame; without an identity, or with a mesh that is not believed, nothing is added.

        mesh: (478, 3) source pixels. confidence: (478,). crop: aligned. light: (3,) as `appearance.light`.
        """
        if face.identity is None or confidence.mean() < LOST:
            return
        placement = self._model.place(mesh)
        canonical = self._model.canonical(mesh, placement)
        tone = likeness.skin_tone(crop.pixels, framing.through(crop.transform, mesh))
        self._samples.append(
            Sample(
                frame=face.frame,
                face_px=align.face_px(face),
                pose=placement.pose,
                identity=face.identity,
                shape=self._model.identify(canonical),
                proportions=appearance.proportions(canonical),
                tone=tone,
                white_tone=appearance.in_white(tone, light),
                light=appearance.lab(light),
                texture=float("nan"),
            )
        )

    def read(self, start: int, unlike: NDArray[np.bool_], faulty: NDArray[np.bool_]) -> dict[str, NDArray[float32]]:
        """`SIGNALS` of a track that begins at frame `start`, each (frames,).

        unlike: (frames,) in which it looks like nobody, see `features.nobody`. faulty: (frames,) in which something is wrong
        with it, so that later looks are not held against them.
        """
        return departures(self._samples, Span(start, start + len(unlike)), self._rate, unlike, faulty)


def departures(
    samples: Sequence[Sample], span: Span, rate: float, unlike: NDArray[np.bool_], faulty: NDArray[np.bool_]
) -> dict[str, NDArray[float32]]:
    """`SIGNALS` over a span of frames, each (len(span),), of samples in it in order, but for those that look like nobody."""
    samples = [sample for sample in samples if not unlike[sample.frame - span.start]]
    told = {name: np.full(len(span), np.nan, float32) for name in SIGNALS}
    reach = REACH_S * rate
    sound = [sample for sample in samples if not faulty[sample.frame - span.start]]
    first = _first(sound if len(sound) >= LEAST else samples, rate)
    at, rows = [], []
    for middle in samples:
        # At the ends the window stays whole: half of it would tremble twice as much, and a drift is worst at the end.
        about = max(samples[0].frame + reach, min(middle.frame, samples[-1].frame - reach))
        now = [sample for sample in samples if abs(sample.frame - about) <= reach]
        if min(len(now), len(first)) >= LEAST and meet(now, first):
            change = shift(now, first)
            at.append(middle.frame - span.start)
            rows.append((weighing.severity(change), np.linalg.norm(change.identity), np.linalg.norm(change.tone)))
    if rows:
        for name, values in zip(SIGNALS, np.array(rows).T, strict=True):
            told[name] = np.interp(np.arange(len(span)), at, values).astype(float32)
    return told


def _first(samples: Sequence[Sample], rate: float) -> list[Sample]:
    """What later looks are held against: those of the first second, or as many as are needed."""
    return [sample for i, sample in enumerate(samples) if i < LEAST or sample.frame < samples[0].frame + FIRST_S * rate]
