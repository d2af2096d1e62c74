"""A plan made by hand, so that the second pass can be tried without waiting for the first."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facefix.media.probe import probe
from facefix.plan import Plan, PlannedTrack, Treatment, fingerprint
from facefix.types import Span

# Where a frontal face of 60 px has its five points: large enough to be treated.
_POINTS = [[16.0, 12.0], [44.0, 12.0], [30.0, 28.0], [19.5, 43.5], [40.5, 43.5]]


def plan_for(clip: Path, frames: int, *modes: str, at: tuple[float, float] = (10.0, 5.0)) -> Plan:
    """A plan that treats a still face at `at` for all of `frames` with each of `modes`."""
    width, height = probe(clip).video.display_size
    span = Span(0, frames)
    points = np.tile(np.array(_POINTS, np.float32) + np.array(at, np.float32), (frames, 1, 1))
    return Plan(
        clip=clip,
        fingerprint=fingerprint(clip),
        frames=frames,
        width=width,
        height=height,
        span=span,
        restorer="none",
        codec=None,
        crf=None,
        treatments=tuple(Treatment(0, mode, span, 0.8, 0.8, "made by hand.") for mode in modes),
        tracks=(PlannedTrack(0, span, points, np.ones(frames, np.float32), (0,)),) if modes else (),
    )
