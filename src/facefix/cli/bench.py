"""`facefix bench`: measure facefix itself on clips whose faults are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from facefix.cli.options import settings_options
from facefix.cli.terminal import say

_PARTS = ("all", "fit", "held-out")
_MODES = ("warp", "drift", "flicker", "waxy", "collapsed")
_SCENES = 12
"""In which people cross, at most."""


@click.command()
@click.option(
    "--diagnosis", type=click.Path(path_type=Path), metavar="FOLDER",
    help="Inject labelled faults into the clean clips of a folder and say how many the diagnosis finds.",
)  # fmt: skip
@click.option(
    "--repair", type=click.Path(path_type=Path), metavar="FOLDER",
    help="Inject faults into the clean clips of a folder, repair them, and say how much nearer to the truth they came.",
)  # fmt: skip
@click.option(
    "--characters", type=click.Path(path_type=Path), metavar="FOLDER",
    help="Measure what a character's pictures add to the repair of drift, whether faces are given to the right one, how well "
    "`compare` ranks clips that drift, and, where the folder holds portraits too, the reference check.",
)  # fmt: skip
@click.option(
    "--told", is_flag=True, help="With --repair: tell the repair what is wrong where, instead of having it looked for."
)
@click.option(
    "--baseline", "baselines", multiple=True, metavar="NAME",
    help="With --repair: measure this too: realesrgan, realesrgan-shrunk, gfpgan, or none, the input itself; repeatable.",
)  # fmt: skip
@click.option(
    "--frames",
    type=click.IntRange(3),
    metavar="N",
    help="With --repair: compare at most so many frames of a fault.  [default: 48]",
)
@click.option(
    "--mode", type=click.Choice(_MODES),
    help="With --repair: leave out what is drawn of other failure modes, and clean clips; collapses are drawn only so.",
)  # fmt: skip
@click.option(
    "--sheet", type=click.Path(path_type=Path), metavar="DIR",
    help="With --repair: write a contact sheet of each of the ten cases that came out worst.",
)  # fmt: skip
@click.option("--cases", type=click.IntRange(1), default=60, show_default=True, help="How many cases, or people, are drawn.")
@click.option("--seconds", type=click.FloatRange(1, 60), default=5.0, show_default=True, help="Use so much of each clip.")
@click.option(
    "--part", type=click.Choice(_PARTS), default="all", show_default=True,
    help="Half of the people, by a hash of their names: to fit on, or held out; all: both, tables of each.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Another seed draws other cases.")
@click.option("--cache", type=click.Path(path_type=Path), metavar="DIR", help="Keep where the faces are, for the next run.")
@click.option("--json", "json_to", metavar="FILE|-", help="Write tables and cases as JSON; - for standard output.")
@click.option(
    "--signals", type=click.Path(path_type=Path), metavar="FILE",
    help="With --diagnosis: write each case's signals and labels (.npz).",
)  # fmt: skip
@click.option("-y", "--yes", is_flag=True, help="Overwrite files that exist.")
@settings_options("models_dir")
def bench(
    diagnosis: Path | None,
    repair: Path | None,
    characters: Path | None,
    told: bool,
    baselines: tuple[str, ...],
    frames: int | None,
    mode: str | None,
    sheet: Path | None,
    cases: int,
    seconds: float,
    part: str,
    seed: int,
    cache: Path | None,
    json_to: str | None,
    signals: Path | None,
    yes: bool,
    models_dir: str | None,
) -> None:
    """Measure facefix: faults are injected into clean clips, looked for or repaired.

    The folder is yours: any clips of talking people without faults, each person's in a sub-folder of their own where
    there are several of one.
    """
    import sys

    from tqdm import tqdm

    from facefix.files import check_output
    from facefix.models import zoo

    folder = diagnosis or repair or characters
    if folder is None or sum(place is not None for place in (diagnosis, repair, characters)) > 1:
        raise click.UsageError("Say what to measure: one of --diagnosis, --repair and --characters FOLDER.")
    if (not repair and (told or baselines or frames or mode or sheet)) or (signals and not diagnosis):
        raise click.UsageError("--told, --baseline, --frames, --mode and --sheet go with --repair, --signals with --diagnosis.")
    for path in (Path(json_to) if json_to not in (None, "-") else None, signals):
        if path is not None:
            check_output(folder, path, overwrite=yes)
    hidden = not sys.stderr.isatty()
    with zoo.searched(models_dir), tqdm(total=cases, unit="case", leave=False, file=sys.stderr, disable=hidden) as bar:
        common = {"part": part, "seed": seed, "seconds": seconds, "cache": cache, "progress": _mover(bar)}
        if diagnosis:
            lines, document = _diagnosed(folder, cases, signals=signals, **common)
        elif characters:
            lines, document = _characters(folder, cases, **common)
        else:
            about = {"told": told, "baselines": baselines} | ({"most_frames": frames} if frames else {})
            lines, document = _repaired(folder, cases, about, sheet, yes, only=mode, **common)
    say("\n".join(lines), err=json_to == "-")
    if json_to is not None:
        import json

        from facefix.files import write_text

        text = json.dumps(document, indent=1)
        click.echo(text) if json_to == "-" else write_text(Path(json_to), text + "\n")


def _mover(bar: Any) -> Callable[[int, int, str], None]:
    """A `course.Progress` that moves a bar of tqdm."""

    def progress(done: int, total: int, what: str) -> None:
        bar.set_postfix_str(what, refresh=False)
        bar.update(done - bar.n)

    return progress


def _diagnosed(folder: Path, cases: int, **options: Any) -> tuple[list[str], dict[str, Any]]:
    """Tables and the JSON document."""
    from facefix.bench import diagnosis as measuring
    from facefix.bench import scoring, tables

    outcomes = measuring.run(folder, cases, **options)
    groups = _groups(outcomes)
    results = {name: scoring.summary(found) for name, found in groups.items()}
    lines = [line for name in reversed(results) for line in (*tables.lines(name, results[name]), "")]
    return lines, {"parts": results, "cases": [measuring.described(outcome) for outcome in outcomes]}


def _characters(folder: Path, cases: int, **options: Any) -> tuple[list[str], dict[str, Any]]:
    """Lines and the JSON document."""
    from facefix.bench import characters as measuring
    from facefix.bench import consistency, crossings, estranging

    own = {name: options[name] for name in ("part", "seed", "cache", "progress")}
    drifts = measuring.drift(folder, cases=cases, **own)
    cast = measuring.casting(folder, options["part"], seed=options["seed"])
    lines, document = measuring.report(drifts, cast, measuring.checking(folder, seed=options["seed"]))
    far = estranging.run(folder, options["part"], seed=options["seed"])
    scenes = crossings.run(folder, options["part"], scenes=min(cases, _SCENES), seed=options["seed"])
    lines += [estranging.line(far), *([crossings.line(scenes)] if scenes else [])]
    document |= {"estranged": [asdict(one) for one in far], "crossings": [asdict(one) for one in scenes]}
    table, compared = consistency.report(consistency.run(folder, cases, **options))
    return [*lines, "", *table], {**document, "compare": compared}


def _repaired(
    folder: Path, cases: int, about: dict[str, Any], sheet: Path | None, yes: bool, **options: Any
) -> tuple[list[str], dict[str, Any]]:
    """Tables and the JSON document; contact sheets go into the folder `sheet`. about: fields of `repair.Terms`."""
    from contextlib import nullcontext

    from facefix.bench import outcomes, sheets, tables
    from facefix.bench import repair as measuring
    from facefix.files import check_output, folder_made

    worst = sheets.Worst() if sheet is not None else None
    with nullcontext() if sheet is None else folder_made(sheet):
        for path in () if sheet is None else sheets.places(sheet):
            check_output(folder, path, overwrite=yes)
        found = measuring.run(folder, cases, terms=measuring.Terms(**about), show=worst, **options)
        if worst is not None and sheet is not None:
            worst.write(sheet)
    results = {name: outcomes.summary(group) for name, group in _groups(found).items()}
    lines = [line for name in reversed(results) for line in (*tables.repair_lines(name, results[name]), "")]
    return lines, {"parts": results, "cases": [outcomes.described(outcome) for outcome in found]}


def _groups(outcomes: list[Any]) -> dict[str, list[Any]]:
    """Outcomes by the part they belong to; all together too where there are both."""
    groups = {name: found for name in _PARTS if (found := [o for o in outcomes if o.case.part == name])}
    return groups if len(groups) < 2 else {"all": outcomes, **groups}
