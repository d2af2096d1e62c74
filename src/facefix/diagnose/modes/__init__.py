"""The failure modes facefix knows: one file each, one line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from facefix.diagnose.modes import drift, flicker, warp, waxy
from facefix.diagnose.spans import VISIBLE, ModeSpec
from facefix.types import Finding, Signals, Span, Track

MODES: Mapping[str, ModeSpec] = MappingProxyType({spec.name: spec for spec in (warp.SPEC, drift.SPEC, flicker.SPEC, waxy.SPEC)})


def find_all(track: Track, signals: Signals, fps: float) -> tuple[Finding, ...]:
    """Every mode's findings on a track that can be seen, in source frames, first frame first."""
    start = track.span.start
    findings = [
        replace(found, track=track.id, span=Span(found.span.start + start, found.span.end + start))
        for spec in MODES.values()
        for found in spec.find(signals, fps)
        if found.severity >= VISIBLE
    ]
    return tuple(sorted(findings, key=lambda f: (f.span.start, f.mode)))
