"""What happens when: head, face and camera over the clip's six seconds, and the syllables that the voice shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from living_portrait.expression import Expression

FRAME_RATE = 24
FRAMES = 144

SYLLABLES = (
    (16, 5, 0.5), (21, 4, 0.8), (26, 5, 0.6), (32, 4, 0.9), (37, 5, 0.4),
    (50, 4, 0.7), (55, 5, 1.0), (61, 4, 0.5), (66, 5, 0.8),
    (82, 5, 0.7), (88, 4, 0.4), (93, 6, 0.9), (99, 4, 0.6),
    (112, 5, 0.6), (117, 4, 0.9), (122, 5, 0.5), (128, 6, 0.8),
)  # fmt: skip
"""(first frame, length in frames, loudness 0..1)."""

BLINKS = (10, 51, 72, 101, 131)
"""Frames in which the lids begin to fall."""
_BLINK = (0.35, 0.9, 1.0, 0.85, 0.5, 0.2)

_YAW = ((0, 3), (12, 5), (34, -14), (45, -15), (62, 1), (76, 12), (92, 14), (106, 5), (124, -7), (143, -3))
_PITCH = ((0, 0), (18, 2), (40, -3), (58, 3), (80, -3), (98, 4), (118, 0), (143, 2))
_ROLL = ((0, 0.5), (25, -2.5), (50, -4), (75, 2.5), (98, 3.5), (120, -1.5), (143, 0))
_SMILE = ((0, -0.1), (20, -0.6), (44, -0.3), (60, -0.7), (76, 0.1), (100, -0.6), (110, -0.2), (128, -0.6), (143, 0.3))
_REST = ((0, -0.55), (14, -0.9), (42, -0.6), (47, -0.5), (70, -0.5), (77, -0.2), (104, -0.9), (136, -0.6), (143, -0.15))
_BROWS = ((0, 0), (20, 0.7), (34, -0.2), (56, 0.9), (75, 0), (94, 0.8), (110, -0.3), (126, 0.5), (143, 0))


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that a frame shows."""

    yaw_deg: float
    """> 0: the face turns to image right."""
    pitch_deg: float
    """> 0: down."""
    roll_deg: float
    """> 0: clockwise."""
    sway_px: tuple[float, float]
    """The body's offset in portrait pixels."""
    expression: Expression
    zoom: float
    """Output pixels (1280 wide) per portrait pixel."""
    look_at: tuple[float, float]
    """Portrait pixel in the middle of the picture."""
    light: tuple[float, float, float]
    """Gains of R, G, B."""


def perform(seed: int) -> list[Moment]:
    """FRAMES moments, the same for the same seed."""
    rng = np.random.default_rng(seed)
    yaw, pitch, roll = (_curve(k) + _tremor(rng) for k in (_YAW, _PITCH, _ROLL))
    smile, rest, brows = _curve(_SMILE), _curve(_REST), _curve(_BROWS)
    speech = speech_envelope(np.arange(FRAMES) + 0.5)
    blink = _blinks()
    frame = np.arange(FRAMES)
    turning = np.gradient(yaw)
    progress = _curve(((0, 0.0), (FRAMES - 1, 1.0)), smooth=0.1)
    breath = 0.5 * np.sin(2 * np.pi * frame / FRAME_RATE / 3.6)
    warmth = np.sin(2 * np.pi * (frame / FRAMES * 0.8 + 0.1))
    moments = []
    for t in range(FRAMES):
        mouth = rest[t] * (1 - min(1.0, 1.6 * speech[t])) + 0.85 * speech[t]
        face = Expression(
            blink[t], float(np.clip(mouth, -1, 1)), smile[t] - 0.25 * speech[t], brows[t],
            (float(np.clip(-0.10 * yaw[t] + 0.5 * turning[t], -1.8, 1.8)), float(-0.08 * pitch[t])),
        )  # fmt: skip
        moments.append(
            Moment(
                yaw[t], pitch[t] + 1.2 * speech[t], roll[t],
                (0.14 * yaw[t], breath[t] + 0.10 * pitch[t]), face,
                2.60 + 0.30 * progress[t], (262 - 30 * progress[t], 139.5 - 7 * progress[t]),
                (1 + 0.035 * warmth[t], 1 + 0.025 * warmth[t], 1 + 0.012 * warmth[t]),
            )
        )  # fmt: skip
    return moments


def speech_envelope(frame: NDArray[np.float64]) -> NDArray[np.float64]:
    """How loud the voice is, and how open the mouth, 0..1, at fractional frames."""
    level = np.zeros_like(frame, dtype=np.float64)
    for start, length, loudness in SYLLABLES:
        phase = np.clip((frame - start) / length, 0, 1)
        level = np.maximum(level, loudness * np.sin(np.pi * phase) ** 1.5)
    return level


def _curve(keys: tuple[tuple[int, float], ...], smooth: float = 2.0) -> NDArray[np.float64]:
    times, values = zip(*keys, strict=True)
    return gaussian_filter1d(PchipInterpolator(times, values)(np.arange(FRAMES)), smooth, mode="nearest")


def _tremor(rng: np.random.Generator) -> NDArray[np.float64]:
    """Nobody holds still: a third of a degree of slow noise."""
    noise = gaussian_filter1d(rng.standard_normal(FRAMES + 40), 5)[20:-20]
    return 0.35 * noise / noise.std()


def _blinks() -> NDArray[np.float64]:
    shut = np.zeros(FRAMES)
    for start in BLINKS:
        shut[start : start + len(_BLINK)] = _BLINK
    return shut
