"""What this machine has of what facefix needs: `facefix doctor` prints it. Nothing is changed and nothing downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from facefix.errors import FacefixError
from facefix.files import exists
from facefix.jobs.home import home
from facefix.media import encoders
from facefix.models import devices, zoo
from facefix.versions import MISSING, versions

State = Literal["ok", "note", "bad"]
"""As it should be; could be better; something that facefix needs is missing or damaged."""
_LEAST_MEMORY_GB, _LEAST_DISK_GB = 4.0, 2.0
"""Both passes over 1280x720 take under 2 GB; a result and its unfinished segments rarely more than one."""
_USUAL_ENCODER = "libx264"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    about: str
    state: State
    text: str
    """What was found."""
    cure: str | None = None
    """The command, or the deed, that mends it."""


def checks(models_dir: str | None = None, queue: Path | None = None) -> Iterator[Check]:
    """Everything, most important first. models_dir, queue: as the command line has them. Raises SettingsError."""
    yield from _packages()
    yield from _device()
    yield from _codecs()
    with zoo.searched(models_dir):
        yield from _models()
        yield from _places(queue)
    yield from _room(queue)


def _packages() -> Iterator[Check]:
    for name, version in versions().items():
        missing = version.startswith(MISSING)
        yield Check(name, "bad" if missing else "ok", version, "pip install --force-reinstall facefix" if missing else None)


def _device() -> Iterator[Check]:
    try:
        device = devices.resolve("auto")
        text = f"{device.type}: {devices.described(device)}"
    except (ImportError, OSError, RuntimeError) as error:
        yield Check("device", "bad", f"PyTorch does not start ({error})", "pip install --force-reinstall torch torchvision")
        return
    if device.type == "cpu":
        yield Check("device", "note", f"{text}; no GPU that PyTorch can use, so networks run on the CPU")
    else:
        yield Check("device", "ok", text)


def _codecs() -> Iterator[Check]:
    found = encoders.startable()
    software = [name for name, starts in found.items() if starts and not encoders.is_hardware(name)]
    hardware = [name for name, starts in found.items() if starts and encoders.is_hardware(name)]
    if _USUAL_ENCODER in software:
        yield Check("encoders", "ok", ", ".join(software))
    else:
        yield Check("encoders", "bad", f"this FFmpeg has no {_USUAL_ENCODER}", "pip install --force-reinstall av")
    yield Check("hardware encoders", "ok", ", ".join(hardware) or "none; not needed")


def _models() -> Iterator[Check]:
    for status in zoo.statuses():
        row, name = status.entry, f"model {status.entry.name}"
        if status.path is None:
            if not isinstance(row.source, zoo.ReleaseSource):
                yield Check(name, "bad", f"missing ({row.role})", row.source.way_out)
            elif row.name in zoo.STRONGEST:
                yield Check(name, "note", f"not fetched ({row.role}); facefix works without", row.source.way_out)
            continue
        try:
            zoo.verify(status.path, row)
            yield Check(name, "ok", f"intact ({row.role})")
        except FacefixError as error:
            yield Check(name, "bad", str(error), row.source.way_out)


def _places(queue: Path | None) -> Iterator[Check]:
    for name, folder in (("folder of fetched models", zoo.folder()), ("folder of the queue", home(queue).file.parent)):
        there = _existing(folder)
        if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
            yield Check(name, "ok", str(folder))
        else:
            yield Check(name, "bad", f"{folder} cannot be written to", f"make {there} a folder that you may write to")


def _room(queue: Path | None) -> Iterator[Check]:
    memory = psutil.virtual_memory()
    text = f"{memory.available / 1e9:.1f} GB of {memory.total / 1e9:.1f} GB free"
    few = memory.available < _LEAST_MEMORY_GB * 1e9
    yield Check("memory", "note" if few else "ok", text, "close other programs" if few else None)
    for name, folder in (("disk of the queue", _existing(home(queue).file.parent)), ("disk here", Path.cwd())):
        free = shutil.disk_usage(folder).free / 1e9
        full = free < _LEAST_DISK_GB
        yield Check(name, "bad" if full else "ok", f"{free:.1f} GB free", f"free some space at {folder}" if full else None)


def _existing(folder: Path) -> Path:
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if exists(place))
