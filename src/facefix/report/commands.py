"""Command lines that do again what was done, to be copied into a shell."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from facefix.settings import IN_THE_PLAN, Option, Settings
from facefix.types import Analysis

_OF_THE_RENDER = ("mask", "scale", "upscaler", "codec", "crf", "compare")


def suggested(analysis: Analysis, settings: Settings, outcome: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """(what for, command line) of what a reader of a report may want to do next.

    outcome: what a render did, as `schema.outcome` has it; None: the clip was only looked at.
    """
    clip, bare = analysis.clip.path.absolute(), replace(settings, report=None)
    told = []
    if outcome is None:
        told.append(("Repair this clip", command(clip, settings=bare)))
    else:
        told.append(("Do the same again", command(clip, "-o", Path(outcome["out"]).absolute(), "-y", settings=bare)))
    worst = max((f for d in analysis.diagnoses for f in d.findings), key=lambda f: f.severity, default=None)
    if worst is not None and settings.range is None:
        part = replace(bare, range=f"{worst.span.start}-{worst.span.end}")
        told.append(("Try the worst finding alone", command(clip, settings=part)))
    told.append(
        ("Write the plan, to edit it", command("inspect", clip, "--plan", "plan.json", settings=bare, without=_OF_THE_RENDER))
    )
    told.append(("Render the edited plan", command(clip, "--plan", "plan.json", settings=bare, without=IN_THE_PLAN)))
    return told


def told(settings: Settings) -> list[tuple[str, str, bool]]:
    """Every setting: its option, its value for readers, and whether it is not the default."""
    rows = []
    for item in fields(settings):
        value = getattr(settings, item.name)
        words = (
            ("yes" if value else "no") if isinstance(value, bool) else ", ".join(value) if isinstance(value, tuple) else value
        )
        rows.append((item.metadata["option"].flags[0], "" if words is None else str(words), value != item.default))
    return rows


def command(*words: str | Path, settings: Settings, without: tuple[str, ...] = ()) -> str:
    """`facefix WORDS --option value ...`, quoted for a shell: with each setting that is not its default nor in `without`."""
    # A file's name may begin with a dash.
    named = [f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word) for word in words]
    line = ["facefix", *named, *_options(settings, without)]
    return subprocess.list2cmdline(line) if os.name == "nt" else shlex.join(line)


def _options(settings: Settings, without: tuple[str, ...]) -> list[str]:
    told: list[str] = []
    for item in fields(settings):
        option: Option = item.metadata["option"]
        value = getattr(settings, item.name)
        if value == item.default or item.name in without:
            continue
        if value is True:
            told.append(option.flags[0])
        elif value is not False:
            told += [option.flags[0], ",".join(value) if option.many else str(value)]
    return told
