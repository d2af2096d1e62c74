"""CMX 3600 edit decision lists with locators, as Avid's and others' read them.

`* LOC: 01:00:01:16 RED     TEXT` has no room for a length, and what writes it makes it capitals: name and comment go into its
text, and the last frame too. A time code that drops numbers is written as such, but OpenTimelineIO does not read it back.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from facefix.errors import OutputError
from facefix.report import timecode
from facefix.report.markers.marking import Mark, Marked
from facefix.report.markers.timeline import drops, start_frame, timeline


def text(marked: Marked) -> str:
    """The file. The clip lies where its own time code has it, so that record and source times are the same.

    Raises:
        OutputError: time codes cannot count the clip's rate.
    """
    from opentimelineio import adapters, opentime, schema

    count = timecode.counted(marked.rate)
    dropping = drops(marked)
    # At NTSC's own rates the library drops numbers, at whole ones it does not.
    rate = marked.rate if dropping else Fraction(count or 0)
    if not count or not opentime.RationalTime.is_smpte_timecode_rate(float(rate)):
        raise OutputError(f"{marked.clip}: an .edl cannot count {float(marked.rate):g} frames per second; name an .otio file.")
    cut = timeline(replace(marked, marks=tuple(map(_in_full, marked.marks))), rate=rate)
    if start := start_frame(marked):
        cut.tracks[0].insert(0, schema.Gap(duration=opentime.RationalTime(start, float(rate))))
    title, _, rest = adapters.write_to_string(cut, "cmx_3600").partition("\n")
    return f"{title}\nFCM: {'' if dropping else 'NON-'}DROP FRAME\n{rest}\n"


def _in_full(mark: Mark) -> Mark:
    return replace(mark, name=f"{mark.name}, {len(mark.span)} frame{'' if len(mark.span) == 1 else 's'}: {mark.comment}")
