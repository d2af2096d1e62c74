"""Pictures and five points a face in, meshes out: the mesh network on batches of faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facefix.errors import ModelError
from facefix.faces import align
from facefix.faces.mesh import framing, topology
from facefix.models import devices, zoo
from facefix.types import Pixels

WEIGHTS = "mesh.safetensors"
BATCH = 16
DOUBT = 0.12
"""Expected error, in outer eye corner distances, at which confidence falls to 1/e."""
LOST = 0.35
"""Below this mean confidence there is no face, or not there."""


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
        self._dtype = devices.best_dtype(self._device)
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
        return Meshes(np.stack([_to_source(mesh, m) for mesh, m in zip(local, matrices, strict=True)]), confidence)

    def run(self, crops: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Meshes (N, 478, 3) in crop pixels and confidence (N, 478) of (N, 128, 128, 3) RGB 0..1 crops."""
        import torch

        batch = torch.from_numpy(np.ascontiguousarray(crops)).to(self._device).permute(0, 3, 1, 2)
        low = self._dtype != torch.float32
        with torch.inference_mode(), torch.autocast(self._device.type, self._dtype, enabled=low):
            points, _, doubt, seen = self._network(batch.contiguous(memory_format=torch.channels_last))
            confidence = torch.sigmoid(seen) * torch.exp(-torch.exp(doubt) / DOUBT)
        half = framing.SIDE_PX / 2
        local = points.float().cpu().numpy() * np.float32(half)
        local[..., :2] += half - 0.5
        local[..., 2] -= local[:, : topology.SKIN_POINTS, 2].mean(1)[:, None]
        return local, confidence.float().cpu().numpy()


def follow(mesher: Mesher, pictures: Sequence[Pixels], start: ArrayLike) -> Iterator[tuple[NDArray, NDArray] | None]:
    """One face through consecutive pictures, without a detector: each mesh aims the next crop.

    start: (5, 2) points in the first picture. Yields (mesh (478, 3), confidence (478,)) per picture, and None, for good,
    from the picture on in which the face is lost: then ask the detector again.
    """
    points = np.asarray(start, np.float32)
    pending = iter(pictures)
    for picture in pending:
        answer = mesher.meshes([picture], points[None], passes=1)
        if answer.scores[0] < LOST:
            yield None
            break
        yield answer.points[0], answer.confidence[0]
        points = framing.five_points(answer.points[0])
    for _ in pending:
        yield None


def _to_source(mesh: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """(478, 3) crop pixels -> source pixels."""
    scale = float(np.hypot(matrix[0, 0], matrix[0, 1]))
    return np.concatenate([align.apply(align.inverse(matrix), mesh[:, :2]), mesh[:, 2:] / scale], 1)


def _load(path: Path) -> Any:
    """The network with its weights, ready to run."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from facefix.faces.mesh.network import MeshNetwork, fold

    network = MeshNetwork()
    try:
        state = {name: tensor.float() for name, tensor in load_file(path).items()}
        missing, unexpected = network.load_state_dict(state, strict=False)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ModelError(f"{path} holds no weights of the mesh network ({error}).") from error
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise ModelError(f"{path} holds the weights of another network.")
    return fold(network.eval().requires_grad_(False)).to(memory_format=torch.channels_last)
