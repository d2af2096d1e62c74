"""Severities in a word."""

from __future__ import annotations

from facefix.diagnose.spans import OBVIOUS
from facefix.diagnose.verdict import RUINED


def word(severity: float) -> str:
    """What a severity (0..1) means to who looks: `slight` (seen when looked for), `obvious` (seen at once), `ruinous`."""
    return "ruinous" if severity >= RUINED else "obvious" if severity >= OBVIOUS else "slight"
