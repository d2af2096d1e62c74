"""Final Cut Pro 7's XML, which Premiere, Resolve and others read.

Markers lie on the sequence, which is as long as the clip: there their frames count from 0, whatever its time code is.
"""

from __future__ import annotations

from facefix.errors import OutputError
from facefix.report.markers.marking import Marked
from facefix.report.markers.timeline import drops, timeline

_PREMIERE = {
    "RED": 0xFF362CD2,
    "MAGENTA": 0xFFB18BAF,
    "YELLOW": 0xFF2BA1D0,
    "CYAN": 0xFFD6F419,
    "BLUE": 0xFFFC8D42,
    "WHITE": 0xFFFFFFFF,
}
"""Premiere's colours of markers as alpha, blue, green, red; green is the one it gives those that name none."""


def text(marked: Marked) -> str:
    """The file.

    Raises:
        OutputError: time codes cannot count the clip's rate.
    """
    from opentimelineio import adapters

    sequence = timeline(marked)
    displayed = {"fcp_xml": {"timecode": {"displayformat": "DF"}}} if drops(marked) else {}
    (clip,) = sequence.tracks[0]
    sequence.metadata.update(displayed)
    clip.media_reference.metadata.update(displayed)
    markers = list(clip.markers)
    clip.markers.clear()
    start = clip.source_range.start_time
    for marker, mark in zip(markers, marked.marks, strict=True):
        colour = {"pproColor": str(_PREMIERE[mark.colour])} if mark.colour in _PREMIERE else {}
        marker.metadata["fcp_xml"] = {"comment": mark.comment, **colour}
        where = marker.marked_range
        marker.marked_range = type(where)(where.start_time - start, where.duration)
        sequence.tracks.markers.append(marker)
    try:
        return adapters.write_to_string(sequence, "fcp_xml")
    except ValueError as error:
        rate = float(marked.rate)
        raise OutputError(f"{marked.clip}: an .xml cannot count {rate:g} frames per second; name an .otio file.") from error
