"""Whether there is room on the disks for a job, before it is begun."""

from __future__ import annotations

import shutil
from pathlib import Path

from facefix.files import exists
from facefix.jobs.home import Home
from facefix.jobs.records import Order

_PER_SOURCE_BYTE = 3.0
"""Bytes of a result per byte of its clip, at the default quality: 0.3 to 2.0 in 20 generated and real clips."""

_PER_SCALE = {1: 1, 2: 4, 4: 13}
"""How much larger an enlarged result is: 2.3 to 3.6 and 5.6 to 12.5 times in four generated clips, by Lanczos."""


def shortage(order: Order, home: Home, floor_gb: float) -> str | None:
    """A sentence saying what lacks where, or None.

    The result has to fit twice: as segments beside the queue, and joined at its place.
    """
    try:
        size = order.clip.stat().st_size * _PER_SOURCE_BYTE * (1 + order.settings.compare * 2)
        size *= _PER_SCALE[order.settings.scale]
    except OSError:
        return None
    for place in {_disk(home.folder): home.folder, _disk(order.out.parent): order.out.parent}.values():
        needed = size * (2 if _disk(home.folder) == _disk(order.out.parent) else 1) + floor_gb * 1e9
        free = shutil.disk_usage(_existing(place)).free
        if free < needed:
            return f"{place}: {free / 1e9:.1f} GB are free, {needed / 1e9:.1f} GB are needed; free some space."
    return None


def _disk(folder: Path) -> int:
    return _existing(folder).stat().st_dev


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if exists(place))
