"""A face against a face: how far two looks lie apart in who it is, in shape, in the skin's colour and in its roughness.

Nothing here asks a network: `pipeline.looking` makes looks, this compares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.faces import identity
from facefix.faces.mesh import areas, shape
from facefix.types import Look

SAME = 0.5
"""Identity distance below which two faces are one person's. In 174 studio portraits of 87 people all 87 pairs of one person lie
below it (the worst at 0.48), and 0.03 % of the 3,741 pairs of two."""
STRANGER = 0.6
"""Identity distance from which on a face is another person's, whoever says what: dlib's own threshold for "the same person".
99 % of the pairs of two people lie beyond it; a face that is nearer may be the same one, spoilt."""
_DARK = 1e-6
"""Energy of a band below which 8-bit rounding is all there is."""


@dataclass(frozen=True, slots=True)
class Distances:
    """How far two faces lie apart; 0 is the same, NaN where it cannot be told."""

    identity: float
    """Of the embeddings: the same person below about `SAME`."""
    shape: float
    """0..2: one less the cosine of what tells two people's proportions apart (`mesh.shape.difference`)."""
    tone: float
    """CIE76 colour difference of the skin; 2.3 is just noticeable."""
    texture: float
    """Mean absolute logarithm of the ratio of amplitudes, over bands and cells of the aligned face."""


def distances(one: Look, other: Look) -> Distances:
    """Two looks; symmetric."""
    model = shape.load()
    return Distances(
        identity=identity.distance(one.identity, other.identity),
        shape=shape.difference(model.identify(one.shape), model.identify(other.shape)),
        tone=float(np.linalg.norm(one.tone - other.tone)),
        texture=float(np.abs(np.log((one.texture + _DARK) / (other.texture + _DARK)) / 2).mean()),
    )


def to_nearest(embedding: NDArray[float32] | None, known: Sequence[NDArray[float32]] | NDArray[float32]) -> float:
    """Distance of an embedding (128,) to the nearest of some (N, 128); NaN where there is none of either.

    The nearest and not the mean: a profile is like the profile among the known, and like nothing else.
    """
    if embedding is None or not len(known):
        return float("nan")
    return float(np.linalg.norm(np.stack(list(known)) - embedding, axis=1).min())


def skin_tone(pixels: NDArray[float32], mesh: NDArray[float32]) -> NDArray[float32]:
    """(3,) CIELAB of the skin in a crop: the median, so that neither a highlight nor a beard decides.

    pixels: (S, S, 3) RGB 0..1. mesh: (478, 3) crop pixels.
    """
    here = areas.skin(mesh, (pixels.shape[0], pixels.shape[1])) > 0
    lab = cv2.cvtColor(np.clip(pixels, 0, 1).astype(np.float32), cv2.COLOR_RGB2LAB)
    return np.median(lab[here], axis=0).astype(np.float32) if here.any() else np.full(3, np.nan, np.float32)
