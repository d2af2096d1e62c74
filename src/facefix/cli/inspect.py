"""`facefix inspect`: diagnose, touch nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from facefix.cli.marking import markers_option
from facefix.cli.options import clips_argument, settings_from, settings_options
from facefix.cli.terminal import say
from facefix.settings import IN_THE_PLAN


@click.command()
@clips_argument
@click.option("--json", "json_to", metavar="FILE|-", help="Write the diagnosis as JSON (schema 1); - for standard output.")
@click.option("--plan", type=click.Path(path_type=Path), metavar="FILE", help="Write the plan that `fix --plan` can render.")
@markers_option
@click.option("--strict", is_flag=True, help="Exit with 4 when some shot should be regenerated.")
@click.option("--profile", "profiling", is_flag=True, help="Say how long each stage took.")
@click.option("-y", "--yes", is_flag=True, help="Overwrite files that exist.")
@settings_options(*IN_THE_PLAN, "characters_dir", "device", "models_dir", "report")
@click.pass_context
def inspect(
    ctx: click.Context,
    clips: tuple[Path, ...],
    json_to: str | None,
    plan: Path | None,
    markers_to: Path | None,
    strict: bool,
    profiling: bool,
    yes: bool,
    **options: Any,
) -> int:
    """Say what is wrong with the faces of each clip, how bad, and why; change nothing."""
    from facefix import pipeline
    from facefix.cli.documents import check, deliver
    from facefix.cli.each import Source, expand, run_each
    from facefix.cli.marking import Markers
    from facefix.cli.progress import Progress
    from facefix.cli.reporting import Reports
    from facefix.errors import SettingsError
    from facefix.files import check_output
    from facefix.plan import dump
    from facefix.report.markers.marking import of_analysis
    from facefix.report.schema import document, profile
    from facefix.report.table import lines, profile_lines
    from facefix.types import Verdict

    settings = settings_from(options)
    sources = expand(clips)
    if plan is not None and len(sources) > 1:
        raise SettingsError("--plan: name one clip, a plan belongs to one.")
    texts = [path for path in (plan, Path(json_to) if json_to not in (None, "-") else None) if path is not None]
    if len({path.resolve() for path in texts}) < len(texts):
        raise SettingsError("--json and --plan name the same file.")
    check(json_to, sources, overwrite=yes)
    if plan is not None:
        check_output(sources[0].clip, plan, overwrite=yes)
    markers = Markers(markers_to, sources, overwrite=yes)
    documents: list[dict[str, Any]] = []
    reports = Reports(settings, several=len(sources) > 1, overwrite=yes)

    def job(source: Source) -> Verdict:
        places = reports.ready(source), markers.ready(source)
        with places[0] as mine, places[1] as mark, Progress(source.clip.name) as progress, pipeline.profiled() as spent:
            analysis = pipeline.analyse(source.clip, mine, progress=progress)
            page = pipeline.write_page(analysis, Path(mine.report), mine, progress=progress) if mine.report else None
            mark(lambda: of_analysis(analysis))
        documents.append(document(analysis) | ({"profile": profile(spent)} if profiling else {}))
        if plan is not None:
            dump(pipeline.plan(analysis, settings), plan)
        if json_to != "-":
            say("\n".join([*lines(analysis), *(profile_lines(spent) if profiling else ())]))
            if page is not None:
                say(f"  page: {page}")
        return analysis.verdict

    code = run_each(sources, job, strict=strict, debug=ctx.obj["debug"])
    deliver(json_to, documents, several=len(sources) > 1)
    reports.lead()
    return code
