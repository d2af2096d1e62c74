"""Which frames of a track show its face at its best: what repairs learn from, and what they are measured by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facefix.diagnose.spans import FOREIGN_TINT, KNOWN, marked, own_confidence
from facefix.types import Diagnosis, Signals

CLOSED_SHARE = 0.6
"""Of how far a face's eyes are usually open."""
USUAL_PERCENTILE = 70
"""Of what a face is usually like at its better moments."""
_SIDEWAYS_DEG = 45.0
"""Yaw that costs as much as all sharpness."""
_POSE_DEG = 25.0
"""Widths of the ways to hold a head, of each of which one frame is wanted first."""
_SHUT, _UNLIKE, _LATE = 1.0, 5.0, 0.5
"""What closed eyes cost, a unit of identity distance beyond the usual, and all of the way to a drift: 1 is all sharpness."""
_BESIDE, _LEAST_APART = 20, 3
"""Anchors lie a twentieth of the track apart, and at least so many frames."""

Floats = NDArray[np.float32]


def best_frames(diagnosis: Diagnosis, count: int) -> tuple[int, ...]:
    """Frames without a finding that show the face surely and uncovered, best first; none if there are none.

    The sharper, the more frontal, open-eyed and like itself the better; where somebody drifts the earlier, too, for nobody
    knows when that begins. First comes one of each way that the head is held, then whatever is best; all spread over the track.
    """
    track, signals = diagnosis.track, diagnosis.signals
    length = len(track.span)
    fit, rank = _fit(diagnosis), _rank(diagnosis)
    order = [int(i) for i in np.argsort(-rank, kind="stable") if fit[i]]
    ways = np.round(_signal(signals, "yaw", length) / _POSE_DEG)
    chosen: list[int] = []

    def choose(some: list[int], once: bool) -> None:
        for i in some:
            alone = all(abs(i - j) >= max(_LEAST_APART, length // _BESIDE) for j in chosen)
            if len(chosen) < count and alone and not (once and ways[i] in ways[chosen]):
                chosen.append(i)

    choose([i for i in order if rank[i] >= rank[order[0]] - 1], once=True)
    choose(order, once=False)
    return tuple(track.span.start + i for i in chosen)


def hidden(diagnosis: Diagnosis) -> NDArray[np.bool_]:
    """(frames,) in which something is before the face, by its colour or by what the mesh network makes of its features."""
    mesh = diagnosis.signals.get("mesh", np.full(len(diagnosis.track.span), np.nan, np.float32))
    return np.asarray(covered(diagnosis) | (mesh < KNOWN * own_confidence(mesh)), np.bool_)


def covered(diagnosis: Diagnosis) -> NDArray[np.bool_]:
    """(frames,) in which something of another colour than skin is before the face."""
    return _signal(diagnosis.signals, "tint", len(diagnosis.track.span)) >= FOREIGN_TINT


def _fit(diagnosis: Diagnosis) -> NDArray[np.bool_]:
    """(frames,)."""
    track = diagnosis.track
    fit = np.array([face.score > 0 for face in track.faces]) & ~marked(track.span, [f.span for f in diagnosis.findings])
    shown = fit & ~hidden(diagnosis)
    # Where all of it looks hidden, as in coloured light, nothing is.
    return shown if shown.any() else fit


def _rank(diagnosis: Diagnosis) -> Floats:
    """(frames,)."""
    signals, length = diagnosis.signals, len(diagnosis.track.span)
    sharpness, yaw = (_signal(signals, name, length) for name in ("detail", "yaw"))
    rank = sharpness / max(float(sharpness.max()), 1e-6) - np.abs(yaw) / _SIDEWAYS_DEG
    eyes, distance = (_signal(signals, name, length) for name in ("eyes", "identity_distance"))
    rank -= _SHUT * (eyes < CLOSED_SHARE * np.percentile(eyes, USUAL_PERCENTILE))
    rank -= _UNLIKE * np.maximum(distance - np.median(distance), 0)
    drifts = [f.span.start - diagnosis.track.span.start for f in diagnosis.findings if f.mode == "drift"]
    if drifts:
        rank -= _LATE * np.clip(np.arange(length) / max(1, min(drifts)), 0, 1)
    return rank.astype(np.float32)


def _signal(signals: Signals, name: str, length: int) -> Floats:
    """(length,) what was not measured is 0."""
    return np.nan_to_num(signals.get(name, np.zeros(length, np.float32)))
