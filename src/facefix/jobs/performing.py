"""Carries out one order, wherever that is; knows nothing of queues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from facefix import pipeline
from facefix.files import folder_made
from facefix.jobs.records import Order, Result
from facefix.report.schema import outcome
from facefix.report.table import summary

Perform = Callable[[Order, pipeline.Workspace, pipeline.Progress], Result]
"""Does what an order asks for. Raises FacefixError for what will not go away by trying again."""


def on_its_device(order: Order, number: int, workers: int) -> Order:
    """The order as the worker of that number carries it out: where several work, each takes one of its devices, in turn."""
    devices = order.settings.devices
    if workers == 1 or len(devices) == 1:
        return order
    return replace(order, settings=replace(order.settings, device=devices[number % len(devices)]))


def perform(order: Order, workspace: pipeline.Workspace, progress: pipeline.Progress) -> Result:
    """A `Perform` in this process."""
    with folder_made(order.out.parent):
        report = pipeline.repair(
            order.clip, order.out, order.settings, overwrite=order.overwrite, progress=progress, workspace=workspace
        )
    return Result(report.verdict, report.frames, summary(report), outcome(report))


def tell(order: Order, document: Mapping[str, Any], analyses: Path, progress: pipeline.Progress) -> None:
    """Write the page that an order asks for, where its result is there already.

    document: what came of it, as `fix --json` has it. analyses: where to look for the clip's first, and to keep it.
    Raises FacefixError.
    """
    assert order.settings.report is not None
    analysis = pipeline.analysed(order.clip, order.settings, analyses, progress)
    told = {**document, "out": str(order.out)}
    pipeline.write_page(analysis, Path(order.settings.report), order.settings, outcome=told, progress=progress)
