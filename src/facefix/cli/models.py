"""`facefix models`: which weights there are, where, whether they are the published ones; the only command that downloads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facefix.cli.options import settings_options
from facefix.cli.terminal import complain, say

if TYPE_CHECKING:
    from facefix.models.fetching import Progress


@click.group()
def models() -> None:
    """See which model weights facefix knows, fetch them, check them."""


@models.command()
@settings_options("models_dir")
def ls(models_dir: str | None) -> None:
    """List the known weights: name, role, licence, size, and where they are."""
    from facefix.models import zoo

    with zoo.searched(models_dir):
        for status in zoo.statuses():
            entry = status.entry
            where = str(status.path) if status.path else f"not installed: {entry.source.way_out}"
            say(f"{entry.name:<42} {entry.role:<13} {entry.licence:<13} {entry.size / 1e6:>6.1f} MB  {where}")


@models.command()
@settings_options("models_dir")
def backends(models_dir: str | None) -> None:
    """List what can be chosen by name: --detector, --restorer, --mask, --upscaler and --engine, and whether it is ready."""
    from facefix.faces.detectors import DETECTORS
    from facefix.jobs.engines import ENGINES
    from facefix.models import zoo
    from facefix.repair.masks import MASKS
    from facefix.repair.restorers import RESTORERS
    from facefix.upscale import UPSCALERS

    choices = (("detector", DETECTORS), ("restorer", RESTORERS), ("mask", MASKS), ("upscaler", UPSCALERS))
    with zoo.searched(models_dir):
        for option, specs in choices:
            say(f"--{option}")
            for spec in specs.values():
                missing = [name for name in spec.files if zoo.locate(zoo.entry(name)) is None]
                lack = f" [needs `facefix models fetch {' '.join(missing)}`]" if missing else ""
                say(f"  {spec.name:<12} {spec.describe} ({spec.licence}){lack}")
    say("--engine")
    for engine in ENGINES.values():
        say(f"  {engine.name:<12} {engine.describe}.")


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=lambda *typed: _names(typed[-1]))
@settings_options("models_dir")
def fetch(names: tuple[str, ...], models_dir: str | None) -> int:
    """Download weights by the names that `models ls` shows, check them, and keep them where every command finds them.

    Without a name: what facefix works best with - GFPGAN v1.4 (restorer), RetinaFace (detector), ParseNet (mask),
    general-x4v3 (upscaler). A download that broke off goes on where it stopped. What is there and intact is left alone.
    """
    from facefix.errors import OutputError
    from facefix.models import fetching, zoo

    rows = [zoo.entry(name) for name in names or zoo.STRONGEST]
    if models_dir is not None:
        try:
            Path(models_dir).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"--models-dir {models_dir} cannot be made ({error.strerror}).") from error
    with zoo.searched(models_dir):
        for row in rows:
            there = zoo.locate(row)
            if there is not None and zoo.intact(there, row):
                say(f"{row.name} is there: {there}")
                continue
            try:
                with _bar(row.name, row.size) as progress:
                    path = fetching.fetch(row, zoo.folder(), progress)
            except KeyboardInterrupt:
                complain("interrupted; the same command goes on from here.")
                return 130
            say(f"{row.name} fetched: {path}")
    return 0


@models.command()
@settings_options("models_dir")
def verify(models_dir: str | None) -> int:
    """Check size and sha256 of every installed file; exit with 1 if one is not the published one."""
    from facefix.errors import ModelError
    from facefix.models import zoo

    bad = 0
    with zoo.searched(models_dir):
        for status in zoo.statuses():
            if status.path is None:
                continue
            try:
                zoo.verify(status.path, status.entry)
                say(f"intact   {status.path}")
            except ModelError as error:
                bad += 1
                say(f"CORRUPT  {error}")
    return 1 if bad else 0


def _names(typed: str) -> list[str]:
    from facefix.models import zoo

    return [row.name for row in zoo.TABLE if isinstance(row.source, zoo.ReleaseSource) and row.name.startswith(typed)]


@contextmanager
def _bar(name: str, size: int) -> Iterator[Progress]:
    """A bar that counts bytes on a terminal, one line elsewhere."""
    from tqdm import tqdm

    hidden = not sys.stderr.isatty()
    if hidden:
        say(f"{name}: fetching {size / 1e6:.1f} MB", err=True)
    with tqdm(total=size, desc=name, unit="B", unit_scale=True, leave=False, file=sys.stderr, disable=hidden) as bar:
        yield lambda there: bar.update(there - bar.n)
