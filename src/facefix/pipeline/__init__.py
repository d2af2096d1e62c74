"""Wires the stages; the only module that imports them.

Pass 1, `analyse`, reads the clip twice, streaming. The first sweep finds shots and faces; then the whole shot is
known, so faces are linked to tracks, gaps filled and points smoothed with a zero-phase filter. The second sweep aligns
each face with those smoothed points - never with jittering ones - and measures it. Decoding twice costs a few
milliseconds a frame where detection costs a hundred, and memory stays bounded. Signals become findings, findings
a plan: small JSON that can be read, edited, queued.

Pass 2, `render`, decodes again. Frames without work pass as the decoder made them; for the others each face is
cropped, treated with a look at its neighbours in time, and added back. Pictures stay in the source's own pixel format
throughout: only samples under a changed pixel are written, so everything outside a face is bit-identical up to the encoder.
With a scale every repaired frame is enlarged instead (`enlarging`), from RGB to the result's own pixel format.
Decoding runs ahead of all this and encoding behind it, each in a thread of its own (`overlapping`).
What was treated is measured on the way, before and after; what made a face worse, or no better, is taken back, and the pass is
made again.
"""

from facefix.media.remux import result_suffix
from facefix.pipeline.analysing import analyse, plan
from facefix.pipeline.chaining import Anchor, anchor
from facefix.pipeline.checkpoint import Workspace
from facefix.pipeline.comparing import Comparison, Pictures, compare, pictures, portraits
from facefix.pipeline.introducing import Person, Reference, person, references
from facefix.pipeline.introducing import add as add_character
from facefix.pipeline.paging import write_index, write_page
from facefix.pipeline.portraying import character_html, character_png
from facefix.pipeline.previewing import Preview, preview
from facefix.pipeline.profiling import Profile, profiled
from facefix.pipeline.progress import Progress
from facefix.pipeline.proof import Proof
from facefix.pipeline.remembering import analysed
from facefix.pipeline.rendering import Report, render, repair

__all__ = [
    "Anchor",
    "Comparison",
    "Person",
    "Pictures",
    "Preview",
    "Profile",
    "Progress",
    "Proof",
    "Reference",
    "Report",
    "Workspace",
    "add_character",
    "analyse",
    "analysed",
    "anchor",
    "character_html",
    "character_png",
    "compare",
    "person",
    "pictures",
    "plan",
    "portraits",
    "preview",
    "profiled",
    "references",
    "render",
    "repair",
    "result_suffix",
    "write_index",
    "write_page",
]
