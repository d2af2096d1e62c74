"""`facefix fix`: diagnose, repair what needs it, write the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from facefix.cli.options import clips_argument, settings_options

_IN_THE_PLAN = ("strength", "only", "range", "restorer")


@click.command()
@clips_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="OUT", help="File for one clip, folder for several.")
@click.option("--plan", "plan_from", type=click.Path(path_type=Path), metavar="FILE", help="Render this plan; do not analyse.")
@click.option("--strict", is_flag=True, help="Exit with 4 when some shot should be regenerated.")
@click.option("-y", "--yes", is_flag=True, help="Overwrite outputs that exist.")
@settings_options()
@click.pass_context
def fix(
    ctx: click.Context,
    clips: tuple[Path, ...],
    output: Path | None,
    plan_from: Path | None,
    strict: bool,
    yes: bool,
    **options: Any,
) -> int:
    """Repair the faces of each clip and write CLIP_fixed beside it.

    A folder is worked through with its sub-folders into FOLDER_fixed. A clip without a fault is copied, not re-encoded.
    """
    from facefix import pipeline
    from facefix.cli.each import Source, expand, run_each
    from facefix.cli.progress import Progress
    from facefix.errors import SettingsError
    from facefix.files import check_output, output_path
    from facefix.plan_reader import load
    from facefix.report.table import findings_text, summary
    from facefix.settings import Settings
    from facefix.types import Verdict

    settings = Settings(**options)
    sources = expand(clips)
    if plan_from is not None:
        if len(sources) > 1:
            raise SettingsError("--plan: name one clip, a plan belongs to one.")
        for name in _IN_THE_PLAN:
            if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                raise SettingsError(f"--{name}: the plan says that already; edit {plan_from} or leave --plan out.")

    def job(source: Source) -> Verdict:
        out = output_path(source.clip, source.root, output, several=len(sources) > 1, tag=settings.range)
        check_output(source.clip, out, overwrite=yes, make_folder=source.root is not None or len(sources) > 1)
        with Progress(source.clip.name) as progress:
            if plan_from is not None:
                report = pipeline.render(
                    load(plan_from), out, clip=source.clip, settings=settings, overwrite=yes, progress=progress
                )
            else:
                report = pipeline.repair(source.clip, out, settings, overwrite=yes, progress=progress)
        click.echo(summary(report))
        for line in findings_text(report):
            click.echo(line)
        return report.verdict

    return run_each(sources, job, strict=strict, debug=ctx.obj["debug"])
