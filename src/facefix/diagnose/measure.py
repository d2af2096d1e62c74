"""Pixels -> signals, frame by frame, while the frame is in memory.

One `Meter` per track; it is fed the aligned crop (side `SIDE`) of each frame in order and keeps only a short ring
of grey crops. What each signal means is stated once, in `SIGNALS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.diagnose import regions
from facefix.types import Crop, Face, Pose

SIDE = 512
"""Side of the crops a `Meter` wants, px: skin's finest detail is gone in smaller ones."""
_MOTION_SIDE = 256
"""Side at which light and motion are measured."""

IDENTITY = "identity_distance"
SIGNALS: Mapping[str, str] = {
    "face_px": "size of the face, source px",
    "score": "detector confidence, 0..1; 0 where filled in",
    "mesh": "the mesh network's confidence in the points it knows best (90th percentile), 0..1; not where the picture ends",
    "yaw": "degrees",
    "pitch": "degrees",
    "roll": "degrees",
    "boil": "% of the face's contrast that motion from neither neighbour explains, surroundings taken off",
    "shading": "% brightness jump of face parts, followed along the motion, against both neighbours, surroundings taken off",
    "flash": "% brightness jump of the surroundings, likewise",
    "detail": "% fine contrast (0.4 to 0.7 % of the face's width) of the better cheek",
    "crispness": "% the same of eyes, brows and lips",
    "crispness_out": "% the same of hair and whatever surrounds the face: with crispness, what this frame could show",
    "tone_a": "CIELAB a* of the skin minus that of the surroundings' median change",
    "tone_b": "CIELAB b*, likewise",
    "tint": "CIELAB a*, b* distance of the skin to its median over the track",
    IDENTITY: "dlib distance to the track's early, agreeing looks, in sharp frames that show it; same person < ~0.5",
}
"""What a `Meter` measures."""


class Meter:
    """Measures one track."""

    def __init__(self) -> None:
        self._past: NDArray[np.uint8] | None = None
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._rows: list[dict[str, float]] = []
        self._changes: list[NDArray[float32]] = []
        self._identities: list[NDArray[float32] | None] = []

    def push(self, crop: Crop, face: Face, pose: Pose, face_px: float, mesh: float = np.nan) -> None:
        """Measure the next frame of the track.

        Args:
            crop: side `SIDE`.
            face: the face it shows.
            pose: its head pose, degrees.
            face_px: its size in the source, px.
            mesh: how sure the mesh network is of the points it knows best, 0..1.
        """
        small = np.asarray(cv2.resize(crop.pixels, (_MOTION_SIDE, _MOTION_SIDE), interpolation=cv2.INTER_AREA), np.float32)
        grey = _grey(small)
        row = {"face_px": face_px, "score": face.score, "mesh": mesh}
        row |= {"yaw": pose.yaw, "pitch": pose.pitch, "roll": pose.roll}
        row |= _texture(_grey(crop.pixels)) | _tone(small)
        row |= {"residual": np.nan, "residual_out": np.nan}
        if self._past is not None:
            row |= self._residual(self._past, grey)
        self._past = grey
        self._identities.append(face.identity)
        self._rows.append(row)

    def finish(self) -> dict[str, NDArray[float32]]:
        """The signals of `SIGNALS` but the identity distance, each (frames,), NaN where not measured."""
        columns = {k: np.array([row[k] for row in self._rows], float32) for k in self._rows[0]}
        seen = columns["score"] > 0
        residual = _against_both(columns.pop("residual"), 1)
        outside = _against_both(columns.pop("residual_out"), 1)
        columns["boil"] = np.where(seen, np.maximum(residual - outside, 0), np.nan)
        for name, jump in zip(("shading", "flash"), _jumps(self._changes), strict=True):
            columns[name] = np.where(seen, jump, np.nan)
        columns["detail"] = _better(np.stack([columns.pop(f"skin_{k}") for k in range(2)]))
        columns["tint"] = _from_median(columns.pop("skin_a"), columns.pop("skin_b"))
        return {name: columns[name].astype(float32) for name in SIGNALS if name != IDENTITY}

    def identity_distance(self, unlike: NDArray[np.bool_], faulty: NDArray[np.bool_]) -> NDArray[float32]:
        """(frames,), NaN where not measured.

        unlike: (frames,) in which the face looks like nobody. faulty: (frames,) in which it looks wrong, and is no anchor.
        """
        looks = [None if gone else identity for identity, gone in zip(self._identities, unlike, strict=True)]
        return _identity_distance(looks, np.array([row["yaw"] for row in self._rows]), faulty).astype(float32)

    def _residual(self, before: NDArray[np.uint8], now: NDArray[np.uint8]) -> dict[str, float]:
        """Mean absolute difference left after motion compensation, % of the crop's contrast."""
        flow = self._flow.calc(now, before, cast(Any, None))
        x, y = cv2.split(_grid() + flow)
        moved = np.asarray(cv2.remap(before, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)
        self._changes.append(_brightness(now) - _brightness(moved))
        # Below this scale the difference is grain and compression, which every clip has.
        left = np.abs(cv2.GaussianBlur(now.astype(float32) - moved.astype(float32), (0, 0), 1.5))
        face = regions.face(_MOTION_SIDE) & ~regions.features(_MOTION_SIDE)
        contrast = max(float(now[regions.face(_MOTION_SIDE)].std()), 8.0)
        inside, outside = left[face].mean(), np.median(left[regions.surroundings(_MOTION_SIDE)])
        return {"residual": 100 * float(inside) / contrast, "residual_out": 100 * float(outside) / contrast}


def _grey(pixels: NDArray[float32]) -> NDArray[np.uint8]:
    return np.rint(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) * 255).clip(0, 255).astype(np.uint8)


def _grid() -> NDArray[float32]:
    y, x = np.mgrid[0:_MOTION_SIDE, 0:_MOTION_SIDE].astype(float32)
    return np.stack([x, y], axis=-1)


def _texture(grey: NDArray[np.uint8]) -> dict[str, float]:
    """The finest band that survives compression: noise lives below it, folds and features above."""
    picture = cv2.GaussianBlur(grey.astype(float32), (0, 0), 1.0)
    band = np.abs(picture - cv2.GaussianBlur(picture, (0, 0), 1.7))
    # Relative to local brightness: the same skin in shadow has less contrast, not less detail.
    local = 100 * cv2.blur(band, (9, 9)) / np.maximum(cv2.blur(picture, (33, 33)), 24)
    features = regions.features(SIDE) & regions.face(SIDE)
    patches = {f"skin_{k}": float(np.median(local[patch])) for k, patch in enumerate(regions.cheeks(SIDE))}
    return patches | {
        "crispness": float(np.percentile(local[features], 70)),
        "crispness_out": float(np.percentile(local[regions.surroundings(SIDE)], 90)),
    }


def _better(patches: NDArray[float32]) -> NDArray[float32]:
    """(K, T) detail of patches of skin -> (T,) that of the best one, each against its own level over the track.

    Wax covers all of a face; a smear, a hand or a shadow covers a part.
    """
    level = np.maximum(np.percentile(patches, 80, axis=1), 1e-6)
    return (patches / level[:, None]).max(axis=0) * np.median(level)


def _tone(pixels: NDArray[float32]) -> dict[str, float]:
    lab = cv2.cvtColor(cv2.resize(pixels, (64, 64), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    skin = np.median(lab[regions.skin(64)], axis=0)
    around = np.median(lab[regions.surroundings(64)], axis=0)
    own = {"skin_a": float(skin[1]), "skin_b": float(skin[2])}
    return own | {"tone_a": float(skin[1] - around[1]), "tone_b": float(skin[2] - around[2])}


def _from_median(a: NDArray[float32], b: NDArray[float32]) -> NDArray[float32]:
    return np.hypot(a - np.median(a), b - np.median(b))


def _brightness(grey: NDArray[np.uint8]) -> NDArray[float32]:
    """(8, 8) mean brightness, relative: log, so that a jump in % reads the same in light and shadow."""
    return np.log(regions.cells(_MOTION_SIDE, 8, grey[..., None].astype(float32))[..., 0] + 8)


def _jumps(changes: Sequence[NDArray[float32]]) -> NDArray[float32]:
    """T - 1 changes (8, 8) of log brightness along the motion -> (2, T) % by which face parts, beyond their surroundings, and
    these surroundings jump against both neighbours.

    Light that goes on changing is no jump: the change to a frame and that from it must differ.
    """
    jumps = np.full((2, len(changes) + 1), np.nan, float32)
    if len(changes) < 2:
        return jumps
    second = np.diff(np.stack(changes), axis=0) / 2
    face = regions.cells(_MOTION_SIDE, 8, regions.steady(_MOTION_SIDE)[..., None].astype(float32))[..., 0] > 0.6
    out = regions.cells(_MOTION_SIDE, 8, regions.surroundings(_MOTION_SIDE)[..., None].astype(float32))[..., 0] > 0.9
    around = np.median(second[:, out], axis=1)
    own = second - around[:, None, None]
    jumps[:, 1:-1] = 100 * np.stack([np.percentile(np.abs(own[:, face]), 75, axis=1), np.abs(around)])
    return jumps


def _against_both(values: NDArray[float32], lag: int) -> NDArray[float32]:
    """values[t] compares t with t-lag -> the smaller of that and the comparison of t with t+lag."""
    ahead = np.full_like(values, np.nan)
    if len(values) > lag:
        ahead[:-lag] = values[lag:]
    return np.fmin(values, ahead)


def _identity_distance(
    identities: list[NDArray[float32] | None], yaw: NDArray[np.floating], faulty: NDArray[np.bool_]
) -> NDArray[float32]:
    """Distance of each embedding to the anchor: the mean of the first up to five near-frontal, sound ones that agree."""
    distance = np.full(len(identities), np.nan, float32)
    known = {i: e for i, e in enumerate(identities) if e is not None}
    if not known:
        return distance
    sound = [i for i in known if not faulty[i]] or list(known)
    frontal = [i for i in sound if abs(yaw[i]) < 25] or sound
    early = np.stack([known[i] for i in frontal[:5]])
    middle = np.median(early, axis=0)
    agree = np.linalg.norm(early - middle, axis=1)
    anchor = early[agree <= np.median(agree) * 1.5 + 1e-6].mean(axis=0)
    for i, embedding in known.items():
        distance[i] = np.linalg.norm(embedding - anchor)
    return distance
