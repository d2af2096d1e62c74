"""What a picture of a person is like as a reference: numbers about its face, light, sharpness and background."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.faces import align
from facefix.faces.mesh import areas, topology
from facefix.types import Face, Pixels, Pose

_SIDE_PX = 256
_OTHERS = 0.4
"""Size of another face, as a share of the largest, from which on it is one of the picture."""
_RIGHT_CHEEK, _LEFT_CHEEK = (50, 101, 118, 205, 187, 123), (280, 330, 347, 425, 411, 352)
_FOREHEAD, _CHIN = 10, 152


def measure(rgb: Pixels, mesh: NDArray[float32], pose: Pose, faces: Sequence[Face]) -> dict[str, float]:
    """Numbers by name.

    rgb: (H, W, 3) uint8. mesh: (478, 3) of the face that is meant. faces: all that a detector found.
    """
    height, width = rgb.shape[:2]
    outline = mesh[: topology.SKIN_POINTS, :2]
    middle = (outline.min(0) + outline.max(0)) / 2
    largest = max((align.face_px(face) for face in faces), default=1.0)
    return {
        "short_side_px": float(min(height, width)),
        "faces": float(max(1, sum(align.face_px(face) >= _OTHERS * largest for face in faces))),
        "face_height": float(np.linalg.norm(mesh[_FOREHEAD, :2] - mesh[_CHIN, :2])) / height,
        "yaw": pose.yaw,
        "pitch": pose.pitch,
        "off_x": float(middle[0] / width - 0.5),
        "off_y": float(middle[1] / height - 0.5),
        **_light(rgb, mesh),
        "sharpness": _sharpness(rgb, mesh),
        "background": _background(rgb, mesh),
    }


def _light(rgb: Pixels, mesh: NDArray[float32]) -> dict[str, float]:
    """Difference of the cheeks in L*, the lightest of the skin, and the share of the face that is burnt out or black."""
    grey = cv2.cvtColor(np.asarray(rgb, np.uint8), cv2.COLOR_RGB2LAB)[..., 0].astype(float32) * (100 / 255)
    sides = [areas.polygon(mesh, ring, grey.shape[:2]) > 0 for ring in (_RIGHT_CHEEK, _LEFT_CHEEK)]
    right, left = (float(np.median(grey[side])) if side.any() else np.nan for side in sides)
    skin = grey[areas.skin(mesh, (grey.shape[0], grey.shape[1])) > 0]
    lost = float(np.mean((skin > 98) | (skin < 4))) if len(skin) else 0.0
    # The lightest of the face: teeth, the white of an eye, a shine. Dark skin in good light has it, a face in the dark has not.
    lightest = float(np.percentile(skin, 99)) if len(skin) else np.nan
    return {"light_sides": abs(right - left), "lightest": lightest, "light_lost": lost}


def _sharpness(rgb: Pixels, mesh: NDArray[float32]) -> float:
    """% of fine contrast of eyes, brows and lips against coarse, in a crop of `_SIDE_PX`: 0 where all of it is blurred away."""
    from facefix.faces.mesh import framing

    crop = align.crop(rgb, align.transform(framing.five_points(mesh), _SIDE_PX), _SIDE_PX)
    local = framing.through(crop.transform, mesh)
    grey = np.asarray(cv2.cvtColor(crop.pixels, cv2.COLOR_RGB2GRAY), float32)
    fine = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.0))
    coarse = np.abs(cv2.GaussianBlur(grey, (0, 0), 2.0) - cv2.GaussianBlur(grey, (0, 0), 4.0))
    shape = (_SIDE_PX, _SIDE_PX)
    features = areas.eyes(local, shape) | areas.polygon(local, topology.OUTER_LIPS, shape)
    where = cv2.dilate(features, np.ones((9, 9), np.uint8)) > 0
    return 100 * float(np.percentile(fine[where], 90) / max(float(np.percentile(coarse[where], 90)), 1e-3))


def _background(rgb: Pixels, mesh: NDArray[float32]) -> float:
    """Mean gradient of what lies well outside the face, L* per 1/256 of the picture's height: 0 plain."""
    height, width = rgb.shape[:2]
    scale = 256 / height
    small = cv2.resize(np.asarray(rgb, np.uint8), (max(8, round(width * scale)), 256), interpolation=cv2.INTER_AREA)
    light = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)[..., 0].astype(float32) * (100 / 255)
    steep = np.hypot(cv2.Sobel(light, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(light, cv2.CV_32F, 0, 1) / 8)
    outline = mesh[: topology.SKIN_POINTS, :2] * scale
    low, high = outline.min(0), outline.max(0)
    # Hair, neck and shoulders belong to the person: a column above and below the face, wider below.
    reach = high - low
    outside = np.ones(light.shape, bool)
    left, right = low[0] - 0.45 * reach[0], high[0] + 0.45 * reach[0]
    outside[max(0, int(low[1] - 0.55 * reach[1])) :, max(0, int(left)) : max(0, int(right))] = False
    outside[max(0, int(high[1] - 0.2 * reach[1])) :, :] = False
    return float(np.mean(steep[outside])) if outside.sum() > 0.02 * outside.size else 0.0
