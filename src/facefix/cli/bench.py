"""`facefix bench`: measure facefix itself on clips whose faults are known."""

from __future__ import annotations

from pathlib import Path

import click

_PARTS = ("all", "fit", "held-out")


@click.command()
@click.option(
    "--diagnosis", type=click.Path(path_type=Path), metavar="FOLDER", required=True,
    help="Inject labelled faults into the clean clips of a folder and say how many the diagnosis finds.",
)  # fmt: skip
@click.option("--cases", type=click.IntRange(1), default=60, show_default=True, help="How many cases are drawn.")
@click.option("--seconds", type=click.FloatRange(1, 60), default=5.0, show_default=True, help="Use so much of each clip.")
@click.option(
    "--part", type=click.Choice(_PARTS), default="all", show_default=True,
    help="Half of the people, by a hash of their names: to fit on, or held out; all: both, tables of each.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Another seed draws other cases.")
@click.option("--cache", type=click.Path(path_type=Path), metavar="DIR", help="Keep where the faces are, for the next run.")
@click.option("--json", "json_to", type=click.Path(path_type=Path), metavar="FILE", help="Write tables and cases as JSON.")
@click.option("--signals", type=click.Path(path_type=Path), metavar="FILE", help="Write each case's signals and labels (.npz).")
@click.option("-y", "--yes", is_flag=True, help="Overwrite files that exist.")
def bench(
    diagnosis: Path,
    cases: int,
    seconds: float,
    part: str,
    seed: int,
    cache: Path | None,
    json_to: Path | None,
    signals: Path | None,
    yes: bool,
) -> None:
    """Measure the diagnosis: faults and confusers are injected into clean clips and looked for.

    The folder is yours: any clips of talking people without faults, each person's in a sub-folder of their own where
    there are several of one.
    """
    import json
    import sys

    from tqdm import tqdm

    from facefix.bench import diagnosis as measuring
    from facefix.bench import scoring, tables
    from facefix.files import check_output, write_text

    for path in (json_to, signals):
        if path is not None:
            check_output(diagnosis, path, overwrite=yes)
    with tqdm(total=cases, unit="case", leave=False, file=sys.stderr, disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int, what: str) -> None:
            del total
            bar.set_postfix_str(what, refresh=False)
            bar.update(done - bar.n)

        outcomes = measuring.run(
            diagnosis, cases, part=part, seed=seed, seconds=seconds, cache=cache, signals=signals, progress=progress
        )  # fmt: skip
    groups = {name: [o for o in outcomes if o.case.part == name] for name in _PARTS}
    if all(groups[name] for name in _PARTS[1:]):
        groups["all"] = outcomes
    results = {name: scoring.summary(found) for name, found in groups.items() if found}
    for name in reversed(results):
        click.echo("\n".join(tables.lines(name, results[name])) + "\n")
    if json_to is not None:
        document = {"parts": results, "cases": [measuring.described(outcome) for outcome in outcomes]}
        write_text(json_to, json.dumps(document, indent=1) + "\n")
