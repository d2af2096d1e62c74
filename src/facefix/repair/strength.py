"""How strongly each frame of a track is treated: from findings, slowly varying, faded where faces are hard to see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy import float32
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from facefix.types import Span

RAMP_FRAMES = 5
"""Length of the rise before and the fall after a finding: about 0.2 s, so that nothing switches visibly."""
MOVED_AT = 0.6
"""Strength from which on features are put all the way back to where they most likely belong: that estimate is cautious by
itself, and a face put back half way is still bent."""
_YAW_FADE_DEG = (45.0, 70.0)
_FACE_FADE_PX = (40.0, 56.0)
_SCORE_FADE = (0.25, 0.5)
_CONDITION_SIGMA_FRAMES = 3.0
_CLEAR_FRAMES = 6
"""Before and after a face is covered that it gets next to nothing."""


@dataclass(frozen=True, slots=True)
class Dose:
    """One treatment's share in the curve of its track."""

    span: Span
    """Frames of the finding."""
    peak: float
    """0..1: the strength over those frames."""
    rises: int = 0
    """Frames from the first over which it rises to that, fast at first, as drifts are taken to grow (`mesh.straightening`).
    What a cure draws is off by as much in every frame: where a fault has hardly begun it would do more harm than that."""


def strength_curve(
    track: Span,
    doses: Iterable[Dose],
    *,
    yaw_deg: NDArray[float32] | None = None,
    face_px: NDArray[float32] | None = None,
    score: NDArray[float32] | None = None,
    covered: NDArray[np.bool_] | None = None,
) -> NDArray[float32]:
    """(len(track),) strength 0..1 per frame.

    Each dose holds its peak over its span, but for the frames over which it rises, and falls to exactly 0 within `RAMP_FRAMES`
    on both sides by a raised cosine; where doses overlap the largest counts. The margin may reach past a span but never past
    the track.

    yaw_deg, face_px, score: (len(track),) each; the curve fades to 0 from 45 to 70 degrees of |yaw|, from 56 to 40 px
    of face width and from 0.5 to 0.25 of detector confidence. They are smoothed first, and NaN counts as good: a
    value of one frame never decides. A face filled in between two sightings has score 0: pass scores as they are.

    covered: (len(track),) frames in which something is before the face: they get nothing, so that it is not painted over.
    """
    frames = np.arange(track.start, track.end)
    curve = np.zeros(len(frames))
    for dose in doses:
        if not len(dose.span):
            continue
        outside = np.maximum(np.maximum(dose.span.start - frames, frames - (dose.span.end - 1)), 0)
        ramp = 0.5 + 0.5 * np.cos(np.pi * np.clip(outside / (RAMP_FRAMES + 1), 0, 1))
        if dose.rises:
            ramp *= np.sqrt(np.clip((frames - dose.span.start + 1) / dose.rises, 0, 1))
        curve = np.maximum(curve, dose.peak * ramp)
    for values, (bad, good), good_value in (
        (None if yaw_deg is None else -np.abs(yaw_deg), (-_YAW_FADE_DEG[1], -_YAW_FADE_DEG[0]), 0.0),
        (face_px, _FACE_FADE_PX, np.inf),
        (score, _SCORE_FADE, 1.0),
    ):
        if values is not None:
            curve *= _fade(values, bad, good, good_value)
    if covered is not None and covered.any():
        # It comes and goes: what fades out has to be gone when it is there.
        curve *= _smoothed(1.0 - binary_dilation(covered, iterations=_CLEAR_FRAMES)) * ~covered
    return curve.astype(np.float32)


def _fade(values: NDArray, bad: float, good: float, good_value: float) -> NDArray[np.float64]:
    share = np.clip((np.nan_to_num(values.astype(np.float64), nan=good_value) - bad) / (good - bad), 0, 1)
    return _smoothed(share)


def _smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian over time, the ends repeated."""
    reach = int(np.ceil(3 * _CONDITION_SIGMA_FRAMES))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _CONDITION_SIGMA_FRAMES) ** 2)
    return np.convolve(np.pad(values, reach, mode="edge"), kernel / kernel.sum(), mode="valid").astype(np.float64)
