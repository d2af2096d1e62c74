"""Signals of a talking head whose meaning is known, and what each mode finds in them."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter1d

from facefix.diagnose.beside.reading import SIGNALS as BESIDE
from facefix.diagnose.geometry.reading import SIGNALS as SHAPE
from facefix.diagnose.measure import SIGNALS
from facefix.diagnose.modes import MODES
from facefix.diagnose.skin.reading import SIGNALS as SKIN
from facefix.faces.mesh.foresight import SIGNALS as FORESIGHT
from facefix.pipeline.departing import SIGNALS as DEPARTURE
from facefix.types import Face, Finding, Track

FPS = 24.0
LENGTH = 144


def clean() -> dict[str, np.ndarray]:
    """A talking head of four seconds: everything moves a little, identity is measured four times a second."""
    rng = np.random.default_rng(1)
    signals = {name: np.zeros(LENGTH, np.float32) for name in (*SIGNALS, *SHAPE, *SKIN, *BESIDE, *FORESIGHT, *DEPARTURE)}
    signals |= {"face_px": np.full(LENGTH, 220, np.float32), "score": np.full(LENGTH, 0.9, np.float32)}
    # Nothing that the mesh does speaks against a fault.
    signals["unforeseen"] = np.ones(LENGTH, np.float32)
    signals["mesh"] = (0.93 + rng.normal(0, 0.01, LENGTH)).astype(np.float32)
    signals["yaw"] = (10 * np.sin(np.arange(LENGTH) / 20)).astype(np.float32)
    signals["boil"] = np.abs(rng.normal(0.5, 0.2, LENGTH)).astype(np.float32)
    signals["shading"] = np.abs(rng.normal(0.4, 0.2, LENGTH)).astype(np.float32)
    for name, level in (("detail", 0.3), ("crispness", 2.0), ("crispness_out", 4.0)):
        signals[name] = (level * (1 + rng.normal(0, 0.03, LENGTH))).astype(np.float32)
    distance = np.full(LENGTH, np.nan, np.float32)
    distance[::6] = 0.2 + rng.normal(0, 0.02, len(distance[::6]))
    signals["identity_distance"] = distance
    return signals


def bend(signals: dict[str, np.ndarray], frames: slice, severity: float) -> None:
    """The mesh takes a shape that no face takes, and single frames look a little odd."""
    signals["shape_warp"][frames] = severity
    signals["smear"][frames] = np.maximum(signals["smear"][frames], 0.21)


def track() -> Track:
    faces = tuple(Face(10 + i, np.zeros(4, np.float32), np.zeros((5, 2), np.float32), 0.9) for i in range(LENGTH))
    return Track(3, 0, faces)


def changing(change: np.ndarray) -> np.ndarray:
    """(LENGTH,) the departure, as means over 1.2 s show it, of a face whose identity has moved by that distance:
    two looks at the same face lie 0.18 apart anyhow, and distances add in squares."""
    seen = uniform_filter1d(change.astype(float), round(1.2 * FPS), mode="nearest")
    return np.clip(1.3 * (np.hypot(0.18, seen) - 0.18), 0, 1).astype(np.float32)


def stray(signals: dict[str, np.ndarray]) -> None:
    """Single looks leave the anchor as the mean looks leave the first second."""
    signals["identity_distance"][::6] = 0.2 + signals["departure"][::6] / 2


def found_in(signals: dict[str, np.ndarray]) -> dict[str, list[Finding]]:
    return {name: found for name, spec in MODES.items() if (found := spec.find(signals, FPS))}
