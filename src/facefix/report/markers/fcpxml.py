"""Final Cut Pro's FCPXML 1.8, made here: OpenTimelineIO's adapter leaves out comments and knows no NTSC rate.

Times are exact fractions of a second in units of a frame (https://developer.apple.com/documentation/professional-video-applications).
Final Cut has no colours of markers; the mode is in the name.
"""

from __future__ import annotations

from xml.etree import ElementTree

from facefix.report.markers.marking import Marked
from facefix.report.markers.timeline import drops, start_frame


def text(marked: Marked) -> str:
    """The file. Markers are counted in the clip's own time code."""
    frame = 1 / marked.rate

    def seconds(frames: int) -> str:
        return f"{frames * frame.numerator}/{frame.denominator}s" if frames else "0s"

    first, length = start_frame(marked), seconds(marked.frames)
    path = marked.clip.absolute()
    root = ElementTree.Element("fcpxml", version="1.8")
    resources = ElementTree.SubElement(root, "resources")
    ElementTree.SubElement(resources, "format", id="r1", frameDuration=seconds(1))
    about = {"id": "r2", "name": path.name, "src": path.as_uri(), "format": "r1", "hasVideo": "1"}
    ElementTree.SubElement(resources, "asset", about, start=seconds(first), duration=length)
    event = ElementTree.SubElement(root, "event", name="facefix")
    project = ElementTree.SubElement(event, "project", name=path.stem)
    counting = {"tcStart": seconds(first), "tcFormat": "DF" if drops(marked) else "NDF"}
    sequence = ElementTree.SubElement(project, "sequence", counting, format="r1", duration=length)
    spine = ElementTree.SubElement(sequence, "spine")
    place = {"name": path.name, "ref": "r2", "format": "r1", "tcFormat": counting["tcFormat"]}
    clip = ElementTree.SubElement(spine, "asset-clip", place, offset=seconds(first), start=seconds(first), duration=length)
    for mark in marked.marks:
        where = {"start": seconds(first + mark.span.start), "duration": seconds(len(mark.span))}
        ElementTree.SubElement(clip, "marker", where, value=mark.name, note=mark.comment)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{ElementTree.tostring(root, encoding="unicode")}\n'
