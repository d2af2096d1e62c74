"""The failure modes facefix knows: one file each, one line here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facefix.diagnose import grading
from facefix.diagnose.features import obstructed
from facefix.diagnose.modes import collapsed, drift, flicker, warp, waxy
from facefix.diagnose.spans import OBVIOUS, VISIBLE, ModeSpec, with_prior
from facefix.types import Finding, Signals, Span, Track

MODES: Mapping[str, ModeSpec] = MappingProxyType(
    {spec.name: spec for spec in (warp.SPEC, drift.SPEC, flicker.SPEC, waxy.SPEC, collapsed.SPEC)}
)


_DOUBT = 0.1
"""Of severity: a collapse that seems hardly milder than what comes with it explains that, too."""
_BESIDE_S = 0.25
"""So near to it the mesh's path is told by frames of the collapse."""
_FAINT = 0.5
"""Of a collapse's severity, at most: beside one, so mild a warp is its echo."""


def find_all(track: Track, signals: Signals, fps: float, priors: Mapping[str, float] | None = None) -> tuple[Finding, ...]:
    """Every mode's findings on a track that can be seen, in source frames, first frame first.

    Args:
        priors: mode -> how much likelier than usual it is in this clip (see `spans.with_prior`); 1 where missing.
    """
    start = track.span.start
    placed = (
        replace(f, track=track.id, span=Span(f.span.start + start, f.span.end + start)) for f in graded(signals, fps, priors)
    )
    return tuple(sorted(placed, key=lambda f: (f.span.start, f.mode)))


def graded(signals: Signals, fps: float, priors: Mapping[str, float] | None = None) -> list[Finding]:
    """The same as the modes place them: spans counted from the signals' first frame, track -1, in no order."""
    usual = priors or {}
    # Which finding explains which was settled on what the modes themselves say.
    return [_as_severe(found, signals, fps, usual.get(found.mode, 1.0)) for found in told(signals, fps, usual)]


def told(signals: Signals, fps: float, priors: Mapping[str, float] | None = None) -> list[Finding]:
    """The same as severe as the modes themselves say."""
    usual = priors or {}
    findings = [
        found
        for spec in MODES.values()
        for found in (with_prior(raw, usual.get(spec.name, 1.0)) for raw in spec.find(signals, fps))
        if found.severity >= VISIBLE
    ]
    return explained(findings, fps)


def _as_severe(found: Finding, signals: Signals, fps: float, prior: float) -> Finding:
    """The finding as severe as what is reached in its frames; a prior is about that, too, but hides nothing any more."""
    row = grading.of(found.mode)
    if row is None:
        return found
    told = with_prior(replace(found, severity=row.severity(found, signals, fps)), prior)
    return replace(told, severity=max(told.severity, VISIBLE))


def passing_faults(signals: Signals, fps: float) -> NDArray[np.bool_]:
    """(T,) frames in which a face is visibly not itself, as far as that needs no knowledge of who it is.

    Wax leaves a face who it is by and large, so where it lies on most of the first second, no later frames are called better.
    """
    faulty = _frames((warp.SPEC, flicker.SPEC, collapsed.SPEC), VISIBLE, signals, fps) | obstructed(signals, fps)
    wax = _frames((waxy.SPEC,), VISIBLE, signals, fps)
    first = wax[: round(fps)]
    return faulty if 2 * first.sum() > len(first) else faulty | wax


def obvious(mode: str, signals: Signals, fps: float) -> NDArray[np.bool_]:
    """(T,) frames in which a mode's faults are visible at once."""
    return _frames([MODES[mode]], OBVIOUS, signals, fps)


def _frames(modes: Iterable[ModeSpec], least: float, signals: Signals, fps: float) -> NDArray[np.bool_]:
    """(T,) those of findings of that severity and more."""
    inside = np.zeros(len(signals["score"]), np.bool_)
    for found in (found for spec in modes for found in spec.find(signals, fps)):
        if found.severity >= least:
            inside[found.span.start : found.span.end] = True
    return inside


def explained(findings: Sequence[Finding], fps: float) -> list[Finding]:
    """Without those that are part of a collapse, or that wax explains.

    Skin without detail looks dragged in single frames, so a warp in it must show in the mesh's path; what is left of features
    that melt looks dragged and bends the path a little as well, so in a collapse the path must be the surer witness.
    """
    gone = [f for f in findings if f.mode == collapsed.SPEC.name]
    wax = [f for f in findings if f.mode == waxy.SPEC.name]

    def explains(other: Finding) -> bool:
        if any(_part_of(collapse, other, fps) for collapse in gone):
            return True
        dragged = (wax if not warp.by_path(other) else []) + gone
        return warp.by_looks(other) and any(_shares(one, other) for one in dragged)

    return [f for f in findings if f in gone or not explains(f)]


def _part_of(collapse: Finding, other: Finding, fps: float) -> bool:
    """Features that melt are also bent, and their skin has no pores; and beside a collapse the mesh's path, which is told by
    the frames around, is bent a little as well."""
    if other.mode == warp.SPEC.name and collapse.severity >= OBVIOUS:
        if _shares(collapse, other):
            return True
        gap = max(other.span.start - collapse.span.end, collapse.span.start - other.span.end)
        return gap <= _BESIDE_S * fps and other.severity <= _FAINT * collapse.severity
    return collapse.severity >= other.severity - _DOUBT and _shares(collapse, other)


def _shares(one: Finding, other: Finding) -> bool:
    """Whether it lies in most of the other's frames."""
    shared = min(one.span.end, other.span.end) - max(one.span.start, other.span.start)
    return shared > len(other.span) / 2
