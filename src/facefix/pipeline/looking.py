"""What networks make of one face of one picture: its look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.faces import align, identity, likeness
from facefix.faces.mesh import framing, shape
from facefix.faces.mesh.mesher import WEIGHTS, Mesher
from facefix.pipeline.loading import loaded
from facefix.repair.detail import texture_stats
from facefix.types import Face, Look, Pixels

SIDE_PX = 512
"""Of the aligned crop that tone and texture are read from."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A face of a picture, looked at."""

    look: Look
    mesh: NDArray[float32]
    """(478, 3) pixels of the picture."""
    points: NDArray[float32]
    """(5, 2) likewise, by the mesh."""
    confidence: float
    """0..1, the mesh's; below `mesher.LOST` there is no face."""


class Looker:
    """The networks that looks are made with; loaded when first asked for. Not thread-safe."""

    def __init__(self, device: str = "auto") -> None:
        self._device = device

    @cached_property
    def _mesher(self) -> Mesher:
        return loaded(Mesher, (WEIGHTS,), self._device)

    @cached_property
    def _identity(self) -> identity.Identity:
        return identity.Identity()

    def looks(self, pictures: Sequence[Pixels], points: Sequence[NDArray[float32]]) -> list[Seen]:
        """One face per picture; the same picture may come several times.

        pictures: (H, W, 3) RGB, uint8 or uint16. points: (5, 2) each, as in `Face`. Raises ModelError.
        """
        found = self._mesher.meshes(pictures, np.stack(points)) if pictures else None
        if found is None:
            return []
        return [
            self._seen(rgb, mesh, float(score)) for rgb, mesh, score in zip(pictures, found.points, found.scores, strict=True)
        ]

    def _seen(self, rgb: Pixels, mesh: NDArray[float32], confidence: float) -> Seen:
        five = framing.five_points(mesh)
        crop = align.crop(rgb, align.transform(five, SIDE_PX), SIDE_PX)
        model = shape.load()
        placement = model.place(mesh)
        face = Face(0, np.concatenate([five.min(0), five.max(0)]), five, confidence)
        look = Look(
            identity=self._identity.of(rgb, face),
            shape=model.canonical(mesh, placement),
            pose=placement.pose,
            tone=likeness.skin_tone(crop.pixels, framing.through(crop.transform, mesh)),
            texture=texture_stats(crop.pixels).energy,
        )
        return Seen(look, mesh, five, confidence)
