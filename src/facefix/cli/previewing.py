"""`--preview` of `facefix fix`: the worst seconds first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facefix.cli.progress import Progress
from facefix.cli.terminal import say

if TYPE_CHECKING:
    from facefix.cli.each import Source
    from facefix.settings import Settings
    from facefix.types import Verdict


def show(source: Source, out: Path | None, settings: Settings, *, overwrite: bool, several: bool) -> Verdict:
    """Write the preview of a clip and say what is in it. Raises FacefixError."""
    from facefix import pipeline
    from facefix.cli.queueing import span
    from facefix.files import folder_made, is_folder, preview_path
    from facefix.media.probe import probe
    from facefix.report import timecode
    from facefix.report.table import finding_rows

    clip = source.clip
    rate = probe(clip).video.rate
    beside = source.folder_in(out) if out is not None and (several or is_folder(out)) else None
    path = preview_path(clip, beside, pipeline.result_suffix(clip)) if out is None or beside is not None else out
    with folder_made(path.parent), Progress(clip.name) as progress:
        seen = pipeline.preview(clip, path, settings, overwrite=overwrite, progress=progress)
    looked = "" if seen.looked_at >= seen.frames else f" in the {seen.looked_at} of {seen.frames} frames that were looked at"
    if seen.out is None:
        say(f"{clip}: nothing to repair{looked}; no preview was written.")
        return "clean"
    times = timecode.times(seen.span, rate)
    say(f"{clip}: the worst {len(seen.span)} frames{looked} are {timecode.frames(seen.span)} ({times}): {seen.out}")
    for row in finding_rows(seen.findings, rate):
        say(f"    {row}")
    say(f"  the whole run would take about {span(seen.whole_s)} on this machine, by what this part took.")
    return "repair"
