"""How near to the truth a repaired face is, and how steady: pixels, structure, mesh, identity, warping, seams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from facefix.bench.warping import Motion, motion, warping_error
from facefix.faces import identity
from facefix.faces.mesh import framing
from facefix.faces.mesh.mesher import Mesher
from facefix.repair.mask import face_mask

Floats = NDArray[np.float32]

_LEAST = 1e-12
_RIM = (0.02, 0.5)
"""Weights of the mask between which a seam would lie."""
_EVERY_IDENTITY = 2


@dataclass(frozen=True, slots=True)
class Nearness:
    """Of one case; "before" is the spoilt clip."""

    undone: float
    """Share of the squared error to the truth that is gone, in the face; below 0 where there is more."""
    error: float
    """Mean squared error before, RGB 0..1, in the face."""
    psnr_kept: float
    """dB between before and after, in the face; infinite where nothing changed."""
    ssim_before: float
    ssim_after: float
    mesh_before: float
    mesh_after: float
    """Mean distance of the mesh's points to the truth's in the picture, % of the eye distance."""
    identity_before: float
    identity_after: float
    """Mean distance of the embeddings to the truth's."""
    tremble_truth: float
    tremble_after: float
    """Mean second difference of the mesh's points over time, % of the eye distance."""
    drift_truth: float
    drift_after: float
    """VIDD: mean distance of the embeddings of frames one after the other."""
    warping_truth: float
    warping_before: float
    warping_after: float
    """Warping error along the truth's flow, RGB 0..1, squared, in the face."""
    seam: float
    """Gradient where the mask ends, after over before."""


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """Crops and what the networks see in them."""

    crops: Floats
    meshes: Floats
    """(T, 478, 2)."""
    faces: Floats
    """(T / 2, 128)."""
    warping: float


class Judge:
    """The networks that look at crops. Not thread-safe; build it once and keep it."""

    def __init__(self) -> None:
        self._mesher, self._identity = Mesher("cpu"), identity.Identity()

    def compare(self, truth: Floats, before: Floats, after: Floats, points: Floats) -> Nearness:
        """Consecutive crops (T, S, S, 3) RGB 0..1; points (T, 5, 2) in them."""
        return self.compare_all(truth, before, {"after": after}, points)["after"]

    def compare_all(self, truth: Floats, before: Floats, results: Mapping[str, Floats], points: Floats) -> dict[str, Nearness]:
        """As `compare`, for several results of the same damage by their names."""
        masks = np.stack([face_mask(five, truth.shape[1]).face for five in points])
        course = motion(truth)
        sound, spoilt = (self._look(crops, points, course, masks) for crops in (truth, before))
        return {
            name: _nearness(sound, spoilt, spoilt if after is before else self._look(after, points, course, masks), masks)
            for name, after in results.items()
        }

    def _look(self, crops: Floats, points: Floats, course: Motion, masks: Floats) -> _Look:
        meshes = self._meshes(crops, points)
        return _Look(crops, meshes, self._faces(crops, meshes), warping_error(crops, course, masks))

    def _meshes(self, crops: Floats, points: Floats) -> Floats:
        """(T, 478, 2)."""
        return self._mesher.meshes(list(crops), points).points[..., :2]

    def _faces(self, crops: Floats, meshes: Floats) -> Floats:
        """(T / 2, 128) embeddings of every second frame."""
        fives = framing.five_points(meshes)
        chips = [
            identity.chip(np.round(crop * 255).astype(np.uint8), five)
            for crop, five in zip(crops[::_EVERY_IDENTITY], fives[::_EVERY_IDENTITY], strict=True)
        ]
        return self._identity.embed(np.stack(chips))


def _nearness(truth: _Look, before: _Look, after: _Look, masks: Floats) -> Nearness:
    pairs = ((before, truth), (after, truth), (after, before))
    wrong, left, change = (error(a.crops, b.crops, masks) for a, b in pairs)
    size = np.linalg.norm(truth.meshes[:, 33] - truth.meshes[:, 263], axis=1).mean() / 100
    far = [float(np.linalg.norm(look.meshes - truth.meshes, axis=-1).mean() / size) for look in (before, after)]
    strange = [float(np.linalg.norm(look.faces - truth.faces, axis=1).mean()) for look in (before, after)]
    return Nearness(
        undone=1 - left / wrong if wrong > _LEAST else 0.0,
        error=wrong,
        psnr_kept=float("inf") if change == 0 else -10 * float(np.log10(change)),
        ssim_before=similarity(before.crops, truth.crops),
        ssim_after=similarity(after.crops, truth.crops),
        mesh_before=far[0],
        mesh_after=far[1],
        identity_before=strange[0],
        identity_after=strange[1],
        tremble_truth=tremble(truth.meshes) / float(size),
        tremble_after=tremble(after.meshes) / float(size),
        drift_truth=steps(truth.faces),
        drift_after=steps(after.faces),
        warping_truth=truth.warping,
        warping_before=before.warping,
        warping_after=after.warping,
        seam=rim_gradient(after.crops, masks) / max(rim_gradient(before.crops, masks), _LEAST),
    )


def error(a: Floats, b: Floats, masks: Floats) -> float:
    """Mean squared difference, weighed by (T, S, S) masks."""
    return float((np.square(a - b).mean(-1) * masks).sum() / max(float(masks.sum()), _LEAST))


def similarity(a: Floats, b: Floats) -> float:
    """Mean SSIM (Wang et al. 2004)."""
    return float(np.mean([structural_similarity(x, y, channel_axis=-1, data_range=1.0) for x, y in zip(a, b, strict=True)]))


def tremble(meshes: Floats) -> float:
    """Mean length of the second differences over time of (T, P, 2), pixels."""
    if len(meshes) < 3:
        return 0.0
    return float(np.linalg.norm(meshes[2:] - 2 * meshes[1:-1] + meshes[:-2], axis=-1).mean())


def steps(faces: Floats) -> float:
    """Mean distance from one embedding to the next."""
    return float(np.linalg.norm(np.diff(faces, axis=0), axis=1).mean()) if len(faces) > 1 else 0.0


def rim_gradient(crops: Floats, masks: Floats) -> float:
    """Mean gradient of the luma where the masks end."""
    total = weight = 0.0
    for crop, mask in zip(crops, masks, strict=True):
        luma = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
        steep = np.hypot(cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1))
        rim = (mask > _RIM[0]) & (mask < _RIM[1])
        total, weight = total + float(steep[rim].sum()), weight + float(rim.sum())
    return total / max(weight, 1.0)
