"""Pictures and five points a face in, meshes out: the mesh network on batches of faces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facefix.faces import align
from facefix.faces.mesh import framing, topology
from facefix.models import devices, own, zoo
from facefix.types import Pixels

WEIGHTS = "mesh.safetensors"
BATCH = 16
DOUBT = 0.12
"""Expected error, in outer eye corner distances, at which confidence falls to 1/e."""
LOST = 0.4
"""Below this mean confidence there is no face: clear faces are at 0.85 to 0.9, faces of which a quarter is covered near 0.6,
what is no face below 0.3, most often below 0.1."""
DROP = 0.9
"""A mean confidence below this share of the last frame's says that the mesh may lie beside the face."""
SETTLED = 0.04
"""The crop is aimed well where the points that aimed it are this near to those found, as a share of their extent."""
LOOKS = 4
"""At a face that moves fast, at most."""
SEARCH = 0.6
"""How far around its last place a lost face is looked for, as a share of the five points' extent."""


@dataclass(frozen=True, slots=True, eq=False)
class Meshes:
    """N faces."""

    points: NDArray[np.float32]
    """(N, 478, 3): x, y in source pixels, z in the same unit, larger away from the viewer, its mean over the skin 0."""
    confidence: NDArray[np.float32]
    """(N, 478) 0..1: low where a point is covered, or where the picture does not tell."""

    @property
    def scores(self) -> NDArray[np.float32]:
        """(N,) mean confidence of a face; below `LOST` the face is lost."""
        return self.confidence.mean(1)


class Mesher:
    """The network in memory. Not thread-safe; build it once and keep it."""

    def __init__(self, device: str = "auto", path: Path | None = None) -> None:
        """path: weights, by default those that facefix brings along.

        Raises ModelError where they are missing or damaged, SettingsError where there is no such device.
        """
        self._device = devices.resolve(device)
        self._network = _load(path or zoo.checked(WEIGHTS)).to(self._device)

    def meshes(self, pictures: Sequence[Pixels], points: ArrayLike, passes: int = 2) -> Meshes:
        """One mesh per face. Faces go through the network `BATCH` at a time.

        pictures: N of (H, W, 3) RGB, uint8, uint16, or float32 in 0..1, the one each face is in; the same one may come
        several times. points: (N, 5, 2) as in `Face`. passes: 2 looks again with the crop aimed by the first answer,
        which forgives a detector's error.
        """
        fives = np.asarray(points, np.float32).reshape(-1, 5, 2)
        if len(fives) != len(pictures):
            raise ValueError(f"{len(pictures)} pictures for {len(fives)} faces")
        empty = Meshes(np.empty((0, topology.POINTS, 3), np.float32), np.empty((0, topology.POINTS), np.float32))
        found = [empty]
        for start in range(0, len(fives), BATCH):
            some, five = pictures[start : start + BATCH], fives[start : start + BATCH]
            answer = empty
            for _ in range(passes):
                answer = self._look(some, five)
                five = framing.five_points(answer.points)
            found.append(answer)
        return Meshes(np.concatenate([m.points for m in found]), np.concatenate([m.confidence for m in found]))

    def _look(self, pictures: Sequence[Pixels], fives: NDArray[np.float32]) -> Meshes:
        """One pass over one batch."""
        matrices = [framing.matrix(points) for points in fives]
        crops = [align.crop(rgb, m, framing.SIDE_PX).pixels for rgb, m in zip(pictures, matrices, strict=True)]
        local, confidence = self.run(np.stack(crops))
        found = [framing.through(align.inverse(m), mesh) for mesh, m in zip(local, matrices, strict=True)]
        return Meshes(np.stack(found), confidence)

    def run(self, crops: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Meshes (N, 478, 3) in crop pixels and confidence (N, 478) of (N, 128, 128, 3) RGB 0..1 crops."""
        import torch

        batch = torch.from_numpy(np.ascontiguousarray(crops)).to(self._device).permute(0, 3, 1, 2)
        with torch.inference_mode(), devices.half(self._device):
            points, _, doubt, seen = self._network(batch.contiguous(memory_format=torch.channels_last))
            confidence = torch.sigmoid(seen) * torch.exp(-torch.exp(doubt) / DOUBT)
        half = framing.SIDE_PX / 2
        local = points.float().cpu().numpy() * np.float32(half)
        local[..., :2] += half - 0.5
        local[..., 2] -= local[:, : topology.SKIN_POINTS, 2].mean(1)[:, None]
        return local, confidence.float().cpu().numpy()


def follow(mesher: Mesher, pictures: Iterable[Pixels], start: ArrayLike) -> Iterator[tuple[NDArray, NDArray] | None]:
    """One face through consecutive pictures, without a detector: each mesh, and how it moved, aims the next crop.

    start: (5, 2) points in the first picture. Yields (mesh (478, 3), confidence (478,)) per picture, and None, for good,
    from the picture on in which the face is lost: then ask the detector again.
    """
    points = before = np.asarray(start, np.float32)
    usual = 1.0
    pending = iter(pictures)
    for picture in pending:
        answer, found = _settle(mesher, picture, 2 * points - before)
        if answer.scores[0] < DROP * usual:
            other = _settle(mesher, picture, _search(mesher, picture, points))
            answer, found = max((answer, found), other, key=lambda seen: float(seen[0].scores[0]))
        if answer.scores[0] < LOST:
            yield None
            break
        yield answer.points[0], answer.confidence[0]
        points, before, usual = found, points, float(answer.scores[0])
    for _ in pending:
        yield None


def _settle(mesher: Mesher, picture: Pixels, points: NDArray[np.float32]) -> tuple[Meshes, NDArray[np.float32]]:
    """The mesh, looked at again while the crop was aimed badly, and the five points (5, 2) that it gives."""
    answer, found = None, points
    for _ in range(LOOKS):
        aimed = found
        answer = mesher.meshes([picture], aimed[None], passes=1)
        found = framing.five_points(answer.points[0])
        width = max(float(np.linalg.norm(np.ptp(found, 0))), 1e-6)
        if np.abs(found - aimed).mean() < SETTLED * width:
            break
    assert answer is not None
    return answer, found


def _search(mesher: Mesher, picture: Pixels, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """(5, 2) points moved to where around them the network is surest of a face."""
    reach = SEARCH * np.ptp(points, 0).max()
    shifts = np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)], np.float32) * reach
    answer = mesher.meshes([picture] * len(shifts), points + shifts[:, None], passes=1)
    return framing.five_points(answer.points[int(np.argmax(answer.scores))])


def _load(path: Path) -> Any:
    """The network with its weights, ready to run."""
    from torch import channels_last

    from facefix.faces.mesh.network import MeshNetwork, fold

    return fold(own.load(MeshNetwork(), path, "the mesh network")).to(memory_format=channels_last)
