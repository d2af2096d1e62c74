"""Whose face it is: dlib's face-recognition ResNet, 128 numbers per face.

King, "High Quality Face Recognition with Deep Metric Learning" (2017). The network is a data file that the package
`face_recognition_models` carries; only the file is used, because importing that package needs setuptools'
pkg_resources.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facefix.errors import ModelError
from facefix.faces import align
from facefix.faces.pose import pose
from facefix.models import zoo
from facefix.types import Face, Pixels

WEIGHTS = "dlib_face_recognition_resnet_model_v1.dat"
CHIP_PX = 150
CHIP_TEMPLATE = np.array([[47.24, 48.75], [101.76, 48.75], [74.50, 79.56], [51.38, 99.48], [97.62, 99.48]])
"""(5, 2) where our five points lie in the 150 px chip that dlib cuts by its own five-point predictor (padding 0.25):
median over 262 portraits, mirrored and averaged. Pairs of one person against pairs of two: equal error rate 0.03 %
on 87 people, where dlib's own chips give 0.00 % (3,741 pairs differ, 87 are the same). Read-only."""
CHIP_TEMPLATE.flags.writeable = False

MIN_FACE_PX = 60.0
"""Below this a face has no identity score: "not measurable" is not "fine"."""
MAX_YAW = 55.0
"""Beyond this, in degrees, half of the face is hidden and the network answers "some profile"."""


def measurable(face: Face) -> bool:
    """Whether the face is large enough, and turned to the viewer enough, for its identity to mean something."""
    return align.face_px(face) >= MIN_FACE_PX and abs(pose(face.points).yaw) <= MAX_YAW


def chip(rgb: Pixels, points: ArrayLike) -> NDArray[np.uint8]:
    """(150, 150, 3) RGB uint8 cut of a face the network understands. rgb: (H, W, 3) uint8 or uint16; points: (5, 2)."""
    cut = align.crop(rgb, align.fit_similarity(points, CHIP_TEMPLATE), CHIP_PX)
    return np.rint(cut.pixels * 255).astype(np.uint8)


def distance(a: ArrayLike | None, b: ArrayLike | None) -> float:
    """Euclidean distance of two (128,) embeddings: the same person below about 0.5, NaN where either is None."""
    if a is None or b is None:
        return math.nan
    return float(np.linalg.norm(np.asarray(a, np.float64) - np.asarray(b, np.float64)))


class Identity:
    """The network. Reads 22 MB when built; about 75 ms per face on two cores, so not for every frame."""

    def __init__(self, path: Path | None = None) -> None:
        """Raises ModelError where dlib or the network's file is missing or unreadable."""
        path = path or zoo.checked(WEIGHTS)
        try:
            import dlib
        except ImportError as error:
            raise ModelError("dlib is missing; install it with `pip install dlib-bin`.") from error
        try:
            # dlib's Python module is compiled and has no complete type stubs.
            self._network: Any = dlib.face_recognition_model_v1(str(path))  # pyright: ignore
        except RuntimeError as error:
            raise ModelError(f"{path} is no readable network; reinstall `face_recognition_models`.") from error

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(N, 128) embeddings of (N, 150, 150, 3) RGB chips as `chip` cuts them."""
        chips = np.ascontiguousarray(chips, np.uint8)
        if chips.ndim != 4 or chips.shape[1:] != (CHIP_PX, CHIP_PX, 3):
            raise ValueError(f"chips must be (N, {CHIP_PX}, {CHIP_PX}, 3), not {chips.shape}")
        if not len(chips):
            return np.empty((0, 128), np.float32)
        return np.array(self._network.compute_face_descriptor(list(chips), 0), np.float32)

    def of(self, rgb: Pixels, face: Face) -> NDArray[np.float32] | None:
        """(128,) embedding of one face of a picture, or None where it is not `measurable`."""
        if not measurable(face):
            return None
        return self.embed(chip(rgb, face.points)[None])[0]


class Remembering(Identity):
    """The network, and what it said of the chips it has seen: a face that is compared twice is looked at once."""

    def __init__(self, path: Path | None = None) -> None:
        """Raises ModelError as `Identity`."""
        super().__init__(path)
        self._said: dict[bytes, NDArray[np.float32]] = {}

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `Identity.embed`; remembers 0.5 KB a chip."""
        keys = [hashlib.blake2b(chip.tobytes(), digest_size=16).digest() for chip in chips]
        new = [i for i, key in enumerate(keys) if key not in self._said]
        for i, embedding in zip(new, super().embed(chips[new]), strict=True):
            self._said[keys[i]] = embedding
        return np.stack([self._said[key] for key in keys]) if keys else np.empty((0, 128), np.float32)
