"""OpenTimelineIO's own format: DaVinci Resolve from 18.5 on, Premiere from 25 on. Everything survives."""

from __future__ import annotations

from facefix.report.markers.marking import Marked
from facefix.report.markers.timeline import timeline


def text(marked: Marked) -> str:
    """The file. Markers are counted in the clip's own time code."""
    return timeline(marked).to_json_string() + "\n"
