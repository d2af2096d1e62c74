"""Carries out one order, wherever that is; knows nothing of queues."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
