"""Faces on a page: which frames of each are worth a look, cut out as they were and as they are now."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.anchors import best_frames
from facefix.faces import align
from facefix.faces.mesh import topology
from facefix.faces.mesh.mesher import LOST, WEIGHTS, Mesher
from facefix.pipeline.loading import loaded
from facefix.report.html.clip import Still
from facefix.report.signals import telling
from facefix.types import Analysis, Diagnosis, Face, Finding, Pixels

WORST = 4
"""Findings of each face whose worst frame is shown."""
MOST = 24
"""Pictures on a page: the severest, where there are more."""
SIDE_PX = 320
_NEAR = 1.3
_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Choice:
    """A frame of a face that is worth a look."""

    track: int
    frame: int
    caption: str
    mode: str | None
    """Of the finding it is the worst frame of."""
    severity: float


def choose(analysis: Analysis) -> list[Choice]:
    """Worst first; each face's best frame, to compare with, behind its worst ones."""
    chosen = [choice for d in analysis.diagnoses for choice in _of(d)]
    return sorted(chosen, key=lambda c: -c.severity)[:MOST]


def _of(diagnosis: Diagnosis) -> list[Choice]:
    id = diagnosis.track.id
    findings = sorted(diagnosis.findings, key=lambda f: -f.severity)[:WORST]
    chosen = [Choice(id, worst_frame(f, diagnosis), f"{f.mode} {f.severity:.2f}", f.mode, f.severity) for f in findings]
    best = best_frames(diagnosis, 1)
    return chosen + [Choice(id, frame, "best frame", None, 0.0) for frame in best]


def worst_frame(finding: Finding, diagnosis: Diagnosis) -> int:
    """Where the signal that the finding is read from peaks; its middle where that was not measured."""
    first = diagnosis.track.span.start
    signal = diagnosis.signals.get(telling(finding.mode) or "")
    if signal is not None:
        part = np.asarray(signal[finding.span.start - first : finding.span.end - first], float)
        if np.isfinite(part).any():
            return finding.span.start + int(np.nanargmax(part))
    return (finding.span.start + finding.span.end - 1) // 2


class Cutter:
    """Cuts faces out of pictures and meshes them. Raises ModelError where the mesh network's weights are missing."""

    def __init__(self, device: str) -> None:
        self._mesher = loaded(Mesher, (WEIGHTS,), device)

    def still(self, choice: Choice, face: Face, before: Pixels, after: Pixels | None, scale: int) -> Still:
        """A face in a frame. scale: how many times larger `after` is than `before`."""
        picture, mesh = self._cut(before, face.points, choice.frame)
        fixed, fixed_mesh = (None, None) if after is None else self._cut(after, face.points * scale, choice.frame)
        return Still(choice.track, choice.frame, choice.caption, choice.mode, picture, fixed, mesh, fixed_mesh)

    def _cut(self, rgb: Pixels, points: NDArray[np.float32], frame: int) -> tuple[bytes, NDArray[np.float32] | None]:
        matrix = _nearer(align.transform(points, SIDE_PX))
        cut = align.crop(rgb, matrix, SIDE_PX, frame).pixels
        found = self._mesher.meshes([rgb], points[None])
        believed = found.scores[0] >= LOST
        mesh = (align.apply(matrix, found.points[0, :, :2]) / SIDE_PX).astype(np.float32) if believed else None
        return jpeg(np.rint(cut * 255).astype(np.uint8)), mesh


def _nearer(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The transform to a crop, so that the crop's middle fills it."""
    nearer = np.concatenate([_NEAR * matrix[:, :2], _NEAR * matrix[:, 2:] + SIDE_PX / 2 * (1 - _NEAR)], axis=1)
    return nearer.astype(np.float32)


def jpeg(rgb: Pixels) -> bytes:
    """A picture of 8 bits as a JPEG file."""
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])


def edges() -> NDArray[np.int64]:
    """(E, 2) every edge of the mesh once."""
    triangles = np.asarray(topology.TRIANGLES)
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int64)
