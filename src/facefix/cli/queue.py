"""`facefix queue ls|show|run|retry|cancel|clear`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from facefix.cli.queueing import Work, queue_option, span, work_options
from facefix.cli.terminal import say

if TYPE_CHECKING:
    from facefix.jobs.home import Home
    from facefix.jobs.store import Queue

_STATES = ("queued", "running", "done", "failed", "cancelled")


@click.group()
def queue() -> None:
    """See and change what `facefix batch` and `facefix watch` have queued."""


def _opened(file: Path | None) -> tuple[Home, Queue]:
    from facefix.jobs import liveness
    from facefix.jobs.home import home
    from facefix.jobs.store import Queue

    place = home(file).made()
    return place, Queue(place.file, liveness.alive)


@queue.command()
@click.option("--state", type=click.Choice(_STATES), multiple=True, help="Only jobs in that state; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="As JSON (schema 1).")
@queue_option
def ls(state: tuple[str, ...], as_json: bool, file: Path | None) -> None:
    """List the jobs, in the order in which they are done, and when all will be."""
    from facefix.jobs.listing import left_s, summary
    from facefix.report.schema import dumps

    place, rows = _opened(file)
    jobs = rows.jobs()
    shown = [job for job in jobs if not state or job.state in state]
    if as_json:
        click.echo(dumps(summary(shown, place)))
        return
    for job in shown:
        far = f" {job.stage} {job.done}/{job.total or '?'}" if job.state == "running" else ""
        what = job.verdict if job.state == "done" else job.error
        say(f"{job.id:>5}  {job.state:<9}  {span(job.seconds):>8}  {job.clip}{far}{f'  {what}' if what else ''}")
    running = sum(job.state == "running" for job in jobs)
    left = left_s(jobs, running)
    say(f"{len(shown)} jobs" + (f"; all done in about {span(left)}" if left else ""))


@queue.command()
@click.argument("id", type=int)
@queue_option
def show(id: int, file: Path | None) -> None:
    """Everything about one job, with the end of its log."""
    from facefix.jobs.listing import document

    place, rows = _opened(file)
    job = rows.job(id)
    for name, value in document(job, place).items():
        if value not in (None, ""):
            say(f"{name:<9} {value}")
    if (log := place.log(id)).exists():
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]:
            say(f"  | {line}")


@queue.command()
@work_options
def run(work: Work) -> int:
    """Work on all that is queued, whoever queued it."""
    from facefix.cli.queueing import Show
    from facefix.jobs.tidying import sweep

    place, rows = _opened(work.file)
    sweep(rows, place)
    ids = tuple(job.id for job in rows.jobs(("queued", "running")))
    if not ids:
        say("Nothing is queued.")
        return 0
    view = Show(place, ids, workers=work.workers, quiet_output=False)
    work.run(view, place, ids)
    failed = sum(job.state == "failed" for job in view.told)
    return 0 if not failed else 3 if failed < len(ids) else 1


@queue.command()
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@queue_option
def retry(ids: tuple[int, ...], file: Path | None) -> None:
    """Queue failed and cancelled jobs again; all that failed without an ID. `facefix queue run` does them."""
    _, rows = _opened(file)
    turned = rows.retry(ids or [job.id for job in rows.jobs(("failed",))])
    say(f"{len(turned)} queued again.")


@queue.command()
@click.argument("ids", nargs=-1, type=int, required=True, metavar="ID...")
@queue_option
def cancel(ids: tuple[int, ...], file: Path | None) -> None:
    """Take jobs back; one that runs stops within seconds and leaves nothing behind."""
    from facefix.jobs.tidying import cancel as take_back

    place, rows = _opened(file)
    say(f"{len(take_back(rows, place, ids))} cancelled.")


@queue.command()
@click.option("--all", "everything", is_flag=True, help="Also failed and cancelled jobs, not only those done.")
@queue_option
def clear(everything: bool, file: Path | None) -> None:
    """Forget jobs that are done, with their logs and reports. Results stay; the clips would be done again."""
    place, rows = _opened(file)
    gone = rows.drop([job.id for job in rows.jobs(("done", "failed", "cancelled") if everything else ("done",))])
    for job in gone:
        place.forget(job.id, all_of_it=True)
    say(f"{len(gone)} forgotten.")
