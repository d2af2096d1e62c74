"""`facefix batch`: every clip of a folder, through the queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from facefix.cli.options import settings_options, settled
from facefix.cli.queueing import Work, work_options
from facefix.cli.reporting import leader
from facefix.cli.terminal import complain, say


@click.command()
@click.argument("folder", type=click.Path(readable=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="OUTDIR", help="Default: FOLDER_fixed beside it.")
@click.option(
    "--include", multiple=True, metavar="GLOB", help="Only clips whose name, or path below FOLDER, matches; repeatable."
)
@click.option(
    "--exclude", multiple=True, metavar="GLOB", help="No clips whose name, or path below FOLDER, matches; repeatable."
)
@click.option("--priority", default=0, show_default=True, help="Higher ones are done first, whoever queued them.")
@click.option("--again", is_flag=True, help="Also what is done already.")
@click.option("--json", "json_to", metavar="FILE|-", help="Write the summary as JSON (schema 1); - for standard output.")
@click.option("--strict", is_flag=True, help="Exit with 4 when some shot should be regenerated.")
@click.option("-y", "--yes", is_flag=True, help="Overwrite outputs that exist.")
@work_options
@settings_options()
def batch(
    folder: Path,
    output: Path | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    priority: int,
    again: bool,
    json_to: str | None,
    strict: bool,
    yes: bool,
    work: Work,
    **options: Any,
) -> int:
    """Repair every clip under FOLDER, and go on where it stopped if it is interrupted in any way.

    Sub-folders and names are kept. What is done is not done again, by content: a clip that was only renamed is copied from its
    result. Several `facefix batch` on one folder share the work.
    """
    from facefix.cli.queueing import Show
    from facefix.errors import InputError
    from facefix.files import check_output, clips_in, is_folder, write_text
    from facefix.jobs import liveness
    from facefix.jobs.batch import Wish, chosen, enqueue
    from facefix.jobs.listing import summary
    from facefix.jobs.store import Queue
    from facefix.jobs.tidying import sweep
    from facefix.report.schema import dumps

    settings = settled(options)
    if not is_folder(folder):
        raise InputError(f"{folder}: is no folder; `facefix {folder}` repairs a clip.")
    root = folder.resolve()
    wish = Wish(root, output.absolute() if output else None, settings, yes, again, priority)
    inside = wish.folder
    clips = [clip for clip in chosen(clips_in(root), root, include, exclude) if inside not in clip.parents]
    if not clips:
        raise InputError(f"{folder}: holds no clip that --include and --exclude leave.")
    if json_to not in (None, "-"):
        check_output(clips[0], Path(json_to), overwrite=yes)
    lead = leader(settings.report)
    place = work.place()
    queue = Queue(place.file, liveness.alive)
    sweep(queue, place)
    queued = enqueue(queue, clips, wish)
    err = json_to == "-"
    for job in queued.refused:
        complain(job.error)
    if queued.before:
        say(f"{len(queued.before)} of {len(clips)} clips were done before.", err=err)
    if queued.ids:
        show = Show(place, queued.ids, workers=work.workers, quiet_output=err, on_end=lambda job: lead(()))
        try:
            work.run(show, place, queued.ids)
        except (KeyboardInterrupt, SystemExit):
            complain("the queue is kept; the same command goes on where it stopped.")
            raise
    jobs = [queue.job(job.id) for job in [*queued.refused, *queued.before]] + queue.jobs((), queued.ids)
    lead([(job.clip, job.error) for job in jobs if job.state == "failed"])
    _tell(jobs, err=err)
    if json_to is not None:
        text = dumps(summary(jobs, place))
        click.echo(text) if json_to == "-" else write_text(Path(json_to), text + "\n")
    return _code(jobs, strict=strict)


def _tell(jobs: list[Any], *, err: bool) -> None:
    """A table of the clips, and a line of figures."""
    from facefix.jobs.listing import rows

    for row in rows(jobs):
        say(row, err=err)
    by_verdict = {
        verdict: sum(job.verdict == verdict for job in jobs if job.state == "done")
        for verdict in ("clean", "repair", "regenerate")
    }
    counts = {state: sum(job.state == state for job in jobs) for state in ("done", "failed", "cancelled")}
    seconds = sum(job.seconds for job in jobs)
    told = ", ".join(f"{count} {name}" for name, count in (*counts.items(), *by_verdict.items()) if count)
    say(f"{len(jobs)} clips: {told} [{seconds:.0f} s of work]", err=err)


def _code(jobs: list[Any], *, strict: bool) -> int:
    failed = sum(job.state != "done" for job in jobs)
    if failed:
        return 3 if failed < len(jobs) else 1
    return 4 if strict and any(job.verdict == "regenerate" for job in jobs) else 0
