"""The failure modes facefix knows: one file each, one line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from facefix.diagnose.modes import collapsed, drift, flicker, warp, waxy
from facefix.diagnose.spans import VISIBLE, ModeSpec, with_prior
from facefix.types import Finding, Signals, Span, Track

MODES: Mapping[str, ModeSpec] = MappingProxyType(
    {spec.name: spec for spec in (warp.SPEC, drift.SPEC, flicker.SPEC, waxy.SPEC, collapsed.SPEC)}
)


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
    return tuple(sorted(findings, key=lambda f: (f.span.start, f.mode)))
