"""`facefix watch`: repair whatever finishes arriving in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from facefix.cli.options import settings_options, settled
from facefix.cli.queueing import Work, work_options
from facefix.cli.reporting import leader
from facefix.cli.terminal import complain, say

if TYPE_CHECKING:
    from facefix.jobs.records import Job


@click.command()
@click.argument("folder", type=click.Path(readable=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="OUTDIR", help="Default: FOLDER_fixed beside it.")
@click.option("--once", is_flag=True, help="End when all that lies there is done.")
@click.option(
    "--settle",
    "settle_s",
    type=click.FloatRange(0.1),
    default=3.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a file must not change before it is taken.",
)
@click.option("--poll", "polling", is_flag=True, help="Look for files instead of being told of them: for network drives.")
@click.option("--on-done", metavar="CMD", help="Run this after each clip, without a shell; {clip}, {out}, {report}, {verdict}.")
@click.option("--move-done", type=click.Path(path_type=Path), metavar="DIR", help="Move originals there when they are done.")
@click.option("-y", "--yes", is_flag=True, help="Overwrite outputs that exist.")
@work_options
@settings_options()
def watch(
    folder: Path,
    output: Path | None,
    once: bool,
    settle_s: float,
    polling: bool,
    on_done: str | None,
    move_done: Path | None,
    yes: bool,
    work: Work,
    **options: Any,
) -> int:
    """Repair clips as they finish arriving under FOLDER, until it is interrupted.

    What was done before is not done again, and what is half-done is gone on with. A new take under an old name needs -y.
    """
    from facefix.cli.queueing import Show
    from facefix.errors import InputError
    from facefix.files import is_folder
    from facefix.jobs import liveness
    from facefix.jobs.batch import Wish
    from facefix.jobs.store import Queue
    from facefix.jobs.tidying import sweep
    from facefix.jobs.watching import Watch, Watcher, command_for, move, run

    if not is_folder(folder):
        raise InputError(f"{folder}: is no folder to watch; make it first.")
    root = folder.resolve()
    settings = settled(options)
    wish = Wish(root, output.resolve() if output else None, settings, yes)
    place = work.place()

    def warn(sentence: str | None) -> None:
        if sentence:
            complain(sentence)

    lead = leader(settings.report)

    def ended(job: Job) -> None:
        lead(())
        if job.state != "done" or root not in job.clip.parents:
            return
        if on_done:
            warn(run(command_for(on_done, job, place)))
        if move_done:
            warn(move(job.clip, root, move_done.resolve()))

    view = Show(place, None, workers=work.workers, quiet_output=False, on_end=ended)
    queue = Queue(place.file, liveness.alive)
    sweep(queue, place)
    with Watcher(Watch(wish, move_done.resolve() if move_done else None, settle_s, polling), place, warn) as watcher:

        def finished() -> bool:
            # Asked in this order: what is queued in between is seen.
            return once and watcher.idle and not queue.jobs(("queued", "running"))

        say(f"Watching {root}; results go to {wish.folder}.", err=True)
        work.run(view, place, None, finished)
    failed = sum(job.state == "failed" for job in view.told)
    return 0 if not failed else 3 if failed < len(view.told) else 1
