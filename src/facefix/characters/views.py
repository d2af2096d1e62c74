"""From which side and with which expression a picture shows a face, in words; and which views a character still lacks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.types import Look, Pose

FRONT_DEG, PROFILE_DEG = 20.0, 50.0
"""|Yaw| up to which a face is seen from the front, and from which on in profile."""
TILTED_DEG = 16.0
"""|Pitch| from which on a face is seen from below or above. People hold their heads within 14 degrees for a portrait."""

ANGLES: Mapping[str, str] = MappingProxyType(
    {
        "front": "close shots will drift",
        "three-quarter-left": "turns to image left will drift",
        "three-quarter-right": "turns to image right will drift",
        "profile-left": "shots from the side will drift",
        "profile-right": "shots from the side will drift",
        "up": "low camera angles will drift",
        "down": "high camera angles will drift",
    }
)
"""Angle -> what happens without it."""
EXPRESSIONS = ("neutral", "smile", "open mouth", "eyes closed")

MEASURES = ("mouth_width", "mouth_open", "mouth_lift", "eyes_open")
WIDE, OPEN, LIFTED, SHUT = 0.62, 0.12, 0.03, 0.235
"""Width of the mouth in eye distances and height of its opening in mouth widths from which on it smiles or is open; rise of
its corners over its middle, in eye distances; height of an eye's opening in its widths below which it is shut. In 87 studio
portraits of neutral faces: at most 0.61, 0.112, 0.029, and at least 0.26; of shut eyes
the mesh leaves 0.21 to 0.22."""


def angle(pose: Pose) -> str:
    """One of `ANGLES`."""
    side = "right" if pose.yaw > 0 else "left"
    if abs(pose.yaw) >= PROFILE_DEG:
        return f"profile-{side}"
    if abs(pose.pitch) >= TILTED_DEG and abs(pose.pitch) > abs(pose.yaw):
        return "down" if pose.pitch > 0 else "up"
    return "front" if abs(pose.yaw) < FRONT_DEG else f"three-quarter-{side}"


def expression_measures(shape: NDArray[float32]) -> dict[str, float]:
    """`MEASURES` of an unturned mesh (478, 3), in eye distances or shares."""
    width = float(np.linalg.norm(shape[61] - shape[291]))
    lids = [
        float(np.linalg.norm(shape[upper, :2] - shape[lower, :2]) / np.linalg.norm(shape[outer, :2] - shape[inner, :2]))
        for upper, lower, outer, inner in ((159, 145, 33, 133), (386, 374, 263, 362))
    ]
    return {
        "mouth_width": width,
        "mouth_open": float(np.linalg.norm(shape[13] - shape[14])) / max(width, 1e-6),
        "mouth_lift": float((shape[13, 1] + shape[14, 1]) / 2 - (shape[61, 1] + shape[291, 1]) / 2),
        "eyes_open": float(np.mean(lids)),
    }


def expression(look: Look) -> str:
    """One of `EXPRESSIONS`."""
    told = expression_measures(look.shape)
    if told["eyes_open"] < SHUT:
        return "eyes closed"
    if (told["mouth_lift"] > LIFTED and told["mouth_width"] > 0.9 * WIDE) or told["mouth_width"] > WIDE:
        return "smile"
    return "open mouth" if told["mouth_open"] > OPEN else "neutral"


def missing(angles: Collection[str]) -> list[str]:
    """One sentence per angle that none of the pictures shows; one profile is enough, faces being alike on both sides."""
    have = set(angles)
    lacking = [name for name in ANGLES if name not in have]
    for kind in ("three-quarter", "profile"):
        pair = [f"{kind}-left", f"{kind}-right"]
        if kind == "profile" and any(name in have for name in pair):
            lacking = [name for name in lacking if name not in pair]
        elif all(name in lacking for name in pair):
            lacking.remove(pair[1])
            lacking[lacking.index(pair[0])] = kind
    words = {**ANGLES, "three-quarter": "turns of the head will drift", "profile": "shots from the side will drift"}
    return [f"no {name.replace('-', ' ')}: {words[name]}." for name in lacking]
