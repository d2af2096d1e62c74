"""The page of a clip: its footage and faces fetched in one pass over clip and result, then everything written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np

from facefix.files import INDEX, beside_page, folder_made, page_path, write_text
from facefix.media import colour, decode, probe
from facefix.media.footage import Footage
from facefix.pipeline.overlapping import Behind, ahead
from facefix.pipeline.picturing import Choice, Cutter, choose, edges, jpeg
from facefix.pipeline.profiling import clocked
from facefix.pipeline.progress import Progress, silent
from facefix.plan import Plan
from facefix.report import commands, schema
from facefix.report.html import clip as clip_page
from facefix.report.html import index
from facefix.report.html.clip import Content, Still, Views
from facefix.report.html.rendering import picture
from facefix.settings import Settings
from facefix.types import Analysis, ClipInfo, Diagnosis, Face, Finding, Frame, Judgement, Pixels, Shot, Span, Track

_THUMB_PX = 320


def write_page(
    analysis: Analysis,
    folder: Path,
    settings: Settings,
    *,
    outcome: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> Path:
    """Write the page of a clip into `folder`, and what it shows into a folder beside it. What lay there is overwritten.

    outcome: what a render did, as `schema.outcome` has it, the result still where it says; None: the clip was only looked at.

    Raises:
        InputError: the clip or the result cannot be read any more.
        OutputError: something cannot be written.
        ModelError: the mesh network's weights are missing.
    """
    page = page_path(analysis.clip.path, folder)
    beside = beside_page(page)
    with clocked("drawing the page"), folder_made(folder), folder_made(beside):
        changed = outcome is not None and not outcome["copied"]
        clips = [analysis.clip, *([probe.probe(Path(outcome["out"]))] if changed and outcome else [])]
        video = beside / ("before_after.mp4" if changed else "before.mp4")
        gathering = _Gathering(analysis, Cutter(settings.devices[0]), outcome["scale"] if changed and outcome else 1)
        with Footage(video, analysis.clip, len(clips)) as footage, Behind(footage.write) as written:
            for done, frames in enumerate(_together(clips, analysis.span), start=1):
                # Looked at first: libswscale must not convert a picture in two threads at once.
                gathering.look(frames, clips)
                written.put(list(zip(frames, clips, strict=True)))
                progress("drawing the page", done, len(analysis.span))
        width, height = analysis.clip.video.display_size
        content = Content(
            analysis=analysis,
            outcome=outcome,
            views=Views(
                quote(os.fsencode(f"{beside.name}/{video.name}")),
                len(clips),
                footage.size,
                (footage.size[0] / width, footage.size[1] / height),
                footage.times,
            ),
            stills=gathering.found(),
            edges=edges(),
            commands=commands.suggested(analysis, settings, outcome),
            settings=commands.told(settings),
        )
        for old in beside.glob("*.mp4"):
            if old != video:
                old.unlink(missing_ok=True)
        entry = index.entry(analysis, outcome, page.name, picture(gathering.thumbnail) if gathering.thumbnail else None)
        write_text(beside / index.ENTRY, schema.dumps(entry) + "\n")
        write_text(page, clip_page.render(content))
    return page


def write_index(folder: Path, failed: Sequence[tuple[Path, str]] = ()) -> Path:
    """Write the page that leads to all pages below `folder`. failed: clips that have none, and why. Raises OutputError."""
    page = folder / INDEX
    index.check(page)
    with folder_made(folder):
        write_text(page, index.render(index.gather(folder), failed))
    return page


def planned(plan: Plan, clip: ClipInfo, judgement: Judgement) -> Analysis:
    """As much of an analysis as a plan knows: treatments in the place of findings, no signals."""
    diagnoses = []
    for track in plan.tracks:
        mine = [t for t in plan.treatments if t.track == track.id]
        low, high = track.points.min(1), track.points.max(1)
        room = 0.8 * (high - low)
        boxes = np.concatenate([low - room, high + room], axis=1)
        faces = tuple(
            Face(track.span.start + i, boxes[i], points, float(track.scores[i])) for i, points in enumerate(track.points)
        )
        found = tuple(Finding(t.mode, t.track, t.span, t.severity, t.why) for t in mine)
        width = float(np.median(boxes[:, 2] - boxes[:, 0]))
        diagnoses.append(Diagnosis(Track(track.id, 0, faces), round(width, 1), {}, found, judgement))
    whole = Span(0, plan.frames)
    return Analysis(clip, plan.frames, plan.span, (Shot(0, whole),), tuple(diagnoses), judgement)


class _Gathering:
    """Picks what the page needs out of frames that pass by."""

    def __init__(self, analysis: Analysis, cutter: Cutter, scale: int) -> None:
        self._analysis, self._cutter, self._scale = analysis, cutter, scale
        self._choices = choose(analysis)
        self._stills: dict[Choice, Still] = {}
        middle = (analysis.span.start + analysis.span.end) // 2
        self._shown = self._choices[0].frame if self._choices else middle
        self.thumbnail: bytes | None = None

    def look(self, frames: Sequence[Frame], clips: Sequence[ClipInfo]) -> None:
        """The clip's next frame, and the result's."""
        index = frames[0].index
        wanted = [choice for choice in self._choices if choice.frame == index]
        if not wanted and index != self._shown:
            return
        before, *after = (colour.to_rgb(frame, clip) for frame, clip in zip(frames, clips, strict=True))
        if index == self._shown:
            self.thumbnail = _thumbnail(before)
        for choice in wanted:
            track = next(d.track for d in self._analysis.diagnoses if d.track.id == choice.track)
            face = track.at(index)
            if face is not None:
                self._stills[choice] = self._cutter.still(choice, face, before, after[0] if after else None, self._scale)

    def found(self) -> list[Still]:
        """Worst first."""
        return [self._stills[choice] for choice in self._choices if choice in self._stills]


def _together(clips: Sequence[ClipInfo], span: Span) -> Iterator[tuple[Frame, ...]]:
    """Frames of the clip's span, each beside the result's frame."""
    decoders = [decode.Decoder(clips[0], span), *(decode.Decoder(clip) for clip in clips[1:])]
    yield from zip(*map(ahead, decoders), strict=False)


def _thumbnail(rgb: Pixels) -> bytes:
    """At most `_THUMB_PX` wide, 9/16 of that high."""
    eight = colour.eight_bits(rgb)
    height, width = eight.shape[:2]
    scale = min(1.0, _THUMB_PX / width, _THUMB_PX * 9 / 16 / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return jpeg(cv2.resize(eight, size, interpolation=cv2.INTER_AREA))
