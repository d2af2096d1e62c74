"""Findings -> verdict of a track."""

from __future__ import annotations

from collections.abc import Sequence

from facefix.types import Finding, Span, Verdict

_RUINED = 0.9
_RUINED_SHARE = 0.5


def verdict(findings: Sequence[Finding], span: Span) -> Verdict:
    """`regenerate` when faults that ruin the shot cover half of the face's frames, `repair` on any finding."""
    if not findings:
        return "clean"
    ruined = {i for f in findings if f.severity >= _RUINED for i in range(f.span.start, f.span.end)}
    return "regenerate" if len(ruined) >= _RUINED_SHARE * len(span) else "repair"
