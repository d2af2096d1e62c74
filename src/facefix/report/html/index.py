"""The page that leads to the pages of many clips: verdicts, thumbnails, sorted and filtered."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from facefix.errors import OutputError
from facefix.files import beside_page
from facefix.report import timecode
from facefix.report.html import words
from facefix.report.html.rendering import page
from facefix.types import Analysis

ENTRY = "entry.json"
"""Beside a clip's page: what the index says of it."""
_MARK = b'<meta name="generator" content="facefix'
_HEAD_BYTES = 4096
_STATES = ("failed", "regenerate", "repair", "repaired", "clean")
"""Worst first."""


def entry(analysis: Analysis, outcome: Mapping[str, Any] | None, name: str, thumbnail: str | None) -> dict[str, Any]:
    """What the index says of a clip, as plain JSON values. name: the page's file. thumbnail: an address that holds it."""
    worst: dict[str, float] = {}
    for finding in (f for d in analysis.diagnoses for f in d.findings):
        worst[finding.mode] = max(worst.get(finding.mode, 0.0), finding.severity)
    rate = analysis.clip.video.rate
    return {
        "page": name,
        "clip": str(analysis.clip.path.absolute()),
        "name": analysis.clip.path.name,
        "verdict": analysis.verdict,
        "badge": words.badge(analysis, outcome),
        "reason": analysis.judgement.reason,
        "regenerate": [f"{timecode.frames(s)} ({timecode.times(s, rate)})" for s in analysis.judgement.regenerate],
        "faces": len(analysis.diagnoses),
        "modes": worst,
        "frames": analysis.frames,
        "repaired": None if outcome is None else outcome["repaired_frames"],
        "facts": words.facts(analysis, outcome),
        "thumbnail": thumbnail,
    }


def gather(folder: Path) -> list[dict[str, Any]]:
    """The entries of all pages below a folder whose page is there, by path. `link` leads there from the folder."""
    found = []
    for file in sorted(folder.rglob(f"*/{ENTRY}")):
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
            at = file.parent.parent / told["page"]
            if beside_page(at) == file.parent and at.is_file():
                href = at.relative_to(folder).as_posix()
                found.append({**told, "href": href, "link": quote(os.fsencode(href))})
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not ours, or half a page: its clip will be made again
    return found


def render(entries: Sequence[Mapping[str, Any]], failed: Sequence[tuple[Path, str]] = ()) -> str:
    """The page as HTML text. failed: clips of which there is no page, and why."""
    rows = [*({"badge": "failed", "name": clip.name, "clip": str(clip), "why": why} for clip, why in failed), *entries]
    counts = {state: sum(row["badge"] == state for row in rows) for state in _STATES}
    modes = sorted({mode for row in entries for mode in row["modes"]})
    return page("index.html.j2", rows=rows, counts={name: n for name, n in counts.items() if n}, modes=modes, states=_STATES)


def check(page: Path) -> None:
    """Refuse to write over a file that is no page of ours. Raises OutputError."""
    try:
        with page.open("rb") as file:
            ours = _MARK in file.read(_HEAD_BYTES)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"{page}: cannot be written ({error.strerror}); name another folder for the report.") from error
    if not ours:
        raise OutputError(f"{page}: was not made by facefix; name another folder for the report.")
