"""`facefix fix`: diagnose, repair what needs it, write the result."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from facefix.cli.marking import markers_option
from facefix.cli.options import clips_argument, settings_from, settings_options
from facefix.cli.terminal import say
from facefix.settings import IN_THE_PLAN


@click.command()
@clips_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="OUT", help="File for one clip, folder for several.")
@click.option("--plan", "plan_from", type=click.Path(path_type=Path), metavar="FILE", help="Render this plan; do not analyse.")
@click.option("--json", "json_to", metavar="FILE|-", help="Write what was done as JSON (schema 1); - for standard output.")
@click.option(
    "--preview",
    is_flag=True,
    help="Only show the worst three seconds, before and after, and say how long the whole will take.",
)
@markers_option
@click.option("--strict", is_flag=True, help="Exit with 4 when some shot should be regenerated.")
@click.option("--profile", "profiling", is_flag=True, help="Say how long each stage took.")
@click.option("-y", "--yes", is_flag=True, help="Overwrite outputs that exist.")
@settings_options()
@click.pass_context
def fix(
    ctx: click.Context,
    clips: tuple[Path, ...],
    output: Path | None,
    plan_from: Path | None,
    json_to: str | None,
    preview: bool,
    markers_to: Path | None,
    strict: bool,
    profiling: bool,
    yes: bool,
    **options: Any,
) -> int:
    """Repair the faces of each clip and write CLIP_fixed beside it.

    A folder is worked through with its sub-folders into FOLDER_fixed. A clip without a fault is copied, not re-encoded.
    """
    from facefix import pipeline
    from facefix.cli import previewing
    from facefix.cli.documents import check, deliver
    from facefix.cli.each import Source, expand, run_each
    from facefix.cli.marking import Markers
    from facefix.cli.progress import Progress
    from facefix.cli.reporting import Reports
    from facefix.errors import OutputError, SettingsError
    from facefix.files import folder_made, output_path
    from facefix.media.probe import probe
    from facefix.plan_reader import load
    from facefix.report.markers.marking import of_report
    from facefix.report.schema import outcome, profile
    from facefix.report.table import details, profile_lines, summary
    from facefix.types import Verdict

    settings = settings_from(options)
    sources = expand(clips)
    if plan_from is not None:
        if len(sources) > 1:
            raise SettingsError("--plan: name one clip, a plan belongs to one.")
        for name in IN_THE_PLAN:
            if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                raise SettingsError(f"--{name}: the plan says that already; edit {plan_from} or leave --plan out.")

    if preview:
        if plan_from is not None or json_to is not None or markers_to is not None or profiling:
            raise SettingsError("--preview: goes without --plan, --json, --markers and --profile; it only shows.")
        several = len(sources) > 1
        looked = partial(previewing.show, out=output, settings=settings, overwrite=yes, several=several)
        return run_each(sources, looked, strict=strict, debug=ctx.obj["debug"])
    check(json_to, sources, overwrite=yes)
    markers = Markers(markers_to, sources, overwrite=yes)
    documents: list[dict[str, Any]] = []
    several = len(sources) > 1
    reports = Reports(settings, several=several, overwrite=yes)
    taken = {source.clip.resolve(): "is a clip to be repaired itself" for source in sources if several}
    if json_to not in (None, "-"):
        taken[Path(json_to).resolve()] = "is the file that --json names"

    def job(source: Source) -> Verdict:
        clip = source.clip
        suffix = pipeline.result_suffix(clip)
        out = output_path(clip, source.root, output, several=several, tag=settings.range, suffix=suffix)
        if (why := taken.get(out.resolve())) and out.resolve() != clip.resolve():
            raise OutputError(f"{clip}: its result would be {out}, which {why}; repair it on its own with another -o.")
        taken[out.resolve()] = f"is the result of {clip}"
        folder = folder_made(out.parent) if source.root is not None or several else nullcontext()
        places = folder, reports.ready(source), markers.ready(source)
        with places[0], places[1] as mine, places[2] as mark, Progress(clip.name) as progress, pipeline.profiled() as spent:
            plan = load(plan_from) if plan_from is not None else None
            if plan is not None:
                report = pipeline.render(plan, out, clip=clip, settings=mine, overwrite=yes, progress=progress)
            else:
                report = pipeline.repair(clip, out, mine, overwrite=yes, progress=progress)
            mark(lambda: of_report(report, probe(out), plan.treatments if plan is not None else ()))
        documents.append(outcome(report) | ({"profile": profile(spent)} if profiling else {}))
        # Standard output is for people or for machines, never for both.
        tell = partial(say, err=json_to == "-")
        tell(summary(report))
        if suffix != clip.suffix and out.suffix == suffix:
            tell(f"  ! facefix does not write {clip.suffix} files; the result is a {suffix} file.")
        for line in details(report):
            tell(line)
        for line in profile_lines(spent) if profiling else ():
            tell(line)
        return report.verdict

    code = run_each(sources, job, strict=strict, debug=ctx.obj["debug"])
    deliver(json_to, documents, several=several)
    reports.lead()
    return code
