"""The failure modes facefix knows: one file each, one line here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from facefix.diagnose.modes import collapsed, drift, flicker, warp, waxy
from facefix.diagnose.spans import VISIBLE, ModeSpec, with_prior
from facefix.types import Finding, Signals, Span, Track

MODES: Mapping[str, ModeSpec] = MappingProxyType(
    {spec.name: spec for spec in (warp.SPEC, drift.SPEC, flicker.SPEC, waxy.SPEC, collapsed.SPEC)}
)


_DOUBT = 0.1
"""Of severity: a collapse that seems hardly milder than what comes with it explains that, too."""


def find_all(track: Track, signals: Signals, fps: float, priors: Mapping[str, float] | None = None) -> tuple[Finding, ...]:
    """Every mode's findings on a track that can be seen, in source frames, first frame first.

    Args:
        priors: mode -> how much likelier than usual it is in this clip (see `spans.with_prior`); 1 where missing.
    """
    priors = priors or {}
    start = track.span.start
    findings = [
        replace(found, track=track.id, span=Span(found.span.start + start, found.span.end + start))
        for spec in MODES.values()
        for found in (with_prior(raw, priors.get(spec.name, 1.0)) for raw in spec.find(signals, fps))
        if found.severity >= VISIBLE
    ]
    return tuple(sorted(explained(findings), key=lambda f: (f.span.start, f.mode)))


def explained(findings: Sequence[Finding]) -> list[Finding]:
    """Without those that are part of a worse collapse: features that melt are also bent, and their skin has no pores; and
    without warps that only looks tell of a waxy or collapsed face: skin without detail, and what is left of features that
    melt, look dragged."""
    gone = [f for f in findings if f.mode == collapsed.SPEC.name]
    dragged = [f for f in findings if f.mode == waxy.SPEC.name or f in gone]
    return [
        f for f in findings
        if f in gone or not (
            any(_covers(worse, f) for worse in gone) or (warp.by_looks(f) and any(_shares(other, f) for other in dragged))
        )
    ]  # fmt: skip


def _covers(collapse: Finding, other: Finding) -> bool:
    """Whether it is at least as bad, over most of the other's frames."""
    return collapse.severity >= other.severity - _DOUBT and _shares(collapse, other)


def _shares(one: Finding, other: Finding) -> bool:
    """Whether it lies in most of the other's frames."""
    shared = min(one.span.end, other.span.end) - max(one.span.start, other.span.start)
    return shared > len(other.span) / 2
