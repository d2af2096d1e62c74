"""A marked clip as a timeline of OpenTimelineIO: one track, the clip in full, a marker for each mark."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from facefix.report.markers.marking import Marked

if TYPE_CHECKING:
    from opentimelineio.schema import Timeline


def timeline(marked: Marked, *, rate: Fraction | None = None, first: int | None = None) -> Timeline:
    """
    Args:
        rate: to count frames at; None: the clip's.
        first: number of the clip's first frame; None: what its time code says, 0 where it has none.
    """
    from opentimelineio import opentime, schema

    fps = float(rate or marked.rate)
    start = start_frame(marked) if first is None else first

    def span(begin: int, frames: int) -> opentime.TimeRange:
        return opentime.TimeRange(opentime.RationalTime(start + begin, fps), opentime.RationalTime(frames, fps))

    path = marked.clip.absolute()
    media = schema.ExternalReference(target_url=path.as_uri(), available_range=span(0, marked.frames))
    clip = schema.Clip(name=path.name, media_reference=media, source_range=span(0, marked.frames))
    for mark in marked.marks:
        about = {"facefix": {"kind": mark.kind}}
        where = span(mark.span.start, len(mark.span))
        clip.markers.append(
            schema.Marker(name=mark.name, marked_range=where, color=mark.colour, comment=mark.comment, metadata=about)
        )
    track = schema.Track(name="V1", kind=schema.TrackKind.Video, children=[clip])
    whole = schema.Timeline(name=path.stem, tracks=[track])
    if start:
        whole.global_start_time = opentime.RationalTime(start, fps)
    return whole


def start_frame(marked: Marked) -> int:
    """The number of the first frame, counted from time code zero; 0 where there is none, or none that fits the rate."""
    return _counted(marked) or 0


def drops(marked: Marked) -> bool:
    """Whether the clip's own time code is one that drops numbers."""
    return ";" in (marked.start or "") and _counted(marked) is not None


def _counted(marked: Marked) -> int | None:
    from opentimelineio import opentime

    if not re.fullmatch(r"\d\d:\d\d:\d\d[:;]\d\d", marked.start or ""):
        return None
    try:
        return opentime.from_timecode(marked.start, float(marked.rate)).to_frames()
    except ValueError:
        return None
