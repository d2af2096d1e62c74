"""The queue itself: rows in SQLite, each change one transaction, shared by any number of processes of one machine.

A job is claimed under a lease that its worker renews by a heartbeat. A worker that falls silent, or whose process is gone,
loses its job to the next one that asks. docs/queue.md says why no library does this.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facefix.errors import FacefixError, OutputError
from facefix.jobs.records import Job, Order, Result, State, settings_json

LEASE_S = 60.0
BUSY_S = 30.0
"""How long a process waits for another's transaction."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    content TEXT NOT NULL, wish TEXT NOT NULL, clip TEXT NOT NULL, out TEXT NOT NULL,
    settings TEXT NOT NULL, overwrite INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued', priority INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0, worker TEXT, lease REAL NOT NULL DEFAULT 0,
    added REAL NOT NULL, started REAL, ended REAL, seconds REAL NOT NULL DEFAULT 0,
    frames INTEGER, stage TEXT NOT NULL DEFAULT '', done INTEGER NOT NULL DEFAULT 0, total INTEGER,
    verdict TEXT, summary TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '', result TEXT NOT NULL DEFAULT '',
    begun INTEGER NOT NULL DEFAULT 0,
    UNIQUE (content, wish, clip, out)
);
CREATE INDEX IF NOT EXISTS waiting ON jobs (state, priority DESC, id);
CREATE INDEX IF NOT EXISTS twins ON jobs (content, wish, state);
"""
_VERSION = 1


def _make(base: sqlite3.Connection) -> None:
    """Make an empty file a queue; several may do so at once."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            base.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            # The connection's own patience does not hold for this: where another writes, SQLite refuses it at once.
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
    base.executescript(_SCHEMA)
    base.execute(f"PRAGMA user_version = {_VERSION}")


class Queue:
    """One process's view of the queue in a file. Not for several threads at once: each opens its own.

    alive: whether the worker of that name still lives; None where that cannot be known, as on another machine.
    Raises OutputError where the file cannot be opened or is no queue.
    """

    def __init__(self, file: Path, alive: Callable[[str], bool | None] = lambda worker: None) -> None:
        self._alive = alive
        try:
            self._base = sqlite3.connect(file, timeout=BUSY_S, isolation_level=None)
            self._base.row_factory = sqlite3.Row
            # After a loss of power the last changes may be missing, never a part of one: a job may be done twice, not lost.
            self._base.execute("PRAGMA synchronous = NORMAL")
            version = self._base.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise OutputError(f"{file}: was made by another version of facefix; name another --queue or remove it.")
            if version == 0:
                _make(self._base)
        except sqlite3.Error as error:
            raise OutputError(f"{file}: is no queue that can be used ({error}); name another --queue.") from error

    def close(self) -> None:
        self._base.close()

    def add(self, order: Order, content: str, *, priority: int = 0, frames: int | None = None, again: bool = False) -> Job:
        """Queue an order, unless it is queued, running, or done with result and page still there. The job, open or done.

        again: queue it also where it is done. Where only the page is missing the result is kept, and said to be so by `result`.
        """
        place = (content, order.wish, str(order.clip), str(order.out))
        with self._change() as base:
            row = base.execute("SELECT * FROM jobs WHERE (content, wish, clip, out) = (?, ?, ?, ?)", place).fetchone()
            if row is None:
                # Rows of clips that could not be read have no content; the clip can be read now.
                base.execute("DELETE FROM jobs WHERE content = '' AND (clip, out) = (?, ?)", place[2:])
                row = base.execute(
                    "INSERT INTO jobs (content, wish, clip, out, settings, overwrite, added, priority, frames)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
                    (*place, settings_json(order.settings), order.overwrite, time.time(), priority, frames),
                ).fetchone()
                return _job(row)
            job = _job(row)
            kept = job.state == "done" and not again and job.out.exists()
            if job.open or (kept and (order.page is None or order.page.exists())):
                return job
            row = base.execute(
                "UPDATE jobs SET state = 'queued', attempts = 0, not_before = 0, error = '', priority = ?, overwrite = ?,"
                " settings = ?, begun = begun AND ?, result = iif(?, result, '') WHERE id = ? RETURNING *",
                (
                    priority,
                    order.overwrite,
                    settings_json(order.settings),
                    again or job.state != "done",
                    kept,
                    job.id,
                ),
            ).fetchone()
            return _job(row)

    def claim(self, worker: str, among: Sequence[int] | None = None) -> Job | None:
        """The next job, which is the worker's from now on; None where there is none now. among: ids to choose from."""
        now = time.time()
        chosen = "" if among is None else " AND id IN (SELECT value FROM json_each(?))"
        ids = () if among is None else (json.dumps(list(among)),)
        with self._change() as base:
            # Who died while working left its job running.
            running = base.execute(f"SELECT * FROM jobs WHERE state = 'running'{chosen}", ids).fetchall()
            lost = [row["id"] for row in running if row["lease"] < now or self._alive(row["worker"]) is False]
            waiting = base.execute(
                f"SELECT id FROM jobs WHERE ((state = 'queued' AND not_before <= ?) OR id IN (SELECT value FROM json_each(?)))"
                f"{chosen} ORDER BY priority DESC, id LIMIT 1",
                (now, json.dumps(lost), *ids),
            ).fetchone()
            if waiting is None:
                return None
            row = base.execute(
                "UPDATE jobs SET state = 'running', worker = ?, lease = ?, started = ?, attempts = attempts + 1, stage = '',"
                " done = 0, total = NULL WHERE id = ? RETURNING *",
                (worker, now + LEASE_S, now, waiting["id"]),
            ).fetchone()
        return _job(row)

    def beat(self, job: Job, stage: str = "", done: int = 0, total: int | None = None, *, forward: bool = False) -> bool:
        """Renew the lease and note how far the job is; False where it is no longer the worker's.

        forward: something was finished that will not be done again, so that its attempts count anew.
        """
        with self._change() as base:
            return bool(
                base.execute(
                    "UPDATE jobs SET lease = ?, stage = ?, done = ?, total = ?, attempts = iif(?, 1, attempts)"
                    " WHERE id = ? AND worker = ? AND state = 'running'",
                    (time.time() + LEASE_S, stage, done, total, forward, job.id, job.worker),
                ).rowcount
            )

    def begin(self, job: Job) -> None:
        """Note that the place of the result was free."""
        with self._change() as base:
            base.execute("UPDATE jobs SET begun = 1 WHERE id = ?", (job.id,))

    def finish(self, job: Job, result: Result, fingerprint: str) -> bool:
        """The job is done; False where it was no longer the worker's."""
        return self._end(
            job, "done", verdict=result.verdict, summary=result.summary, result=fingerprint, frames=result.frames, error=""
        )

    def fail(self, job: Job, sentence: str) -> bool:
        """The job cannot be done; False where it was no longer the worker's."""
        return self._end(job, "failed", error=sentence)

    def release(self, job: Job, sentence: str = "", *, wait_s: float = 0.0, counts: bool = False) -> bool:
        """Give a job back to be begun again, `wait_s` later. counts: whether this attempt counts."""
        attempts = job.attempts if counts else max(0, job.attempts - 1)
        return self._end(job, "queued", error=sentence, not_before=time.time() + wait_s, attempts=attempts, ended=None)

    def refuse(self, order: Order, sentence: str) -> Job:
        """Note an order that cannot be queued: its clip cannot be read."""
        with self._change() as base:
            base.execute("DELETE FROM jobs WHERE content = '' AND (clip, out) = (?, ?)", (str(order.clip), str(order.out)))
            row = base.execute(
                "INSERT INTO jobs (content, wish, clip, out, settings, overwrite, added, ended, state, error)"
                " VALUES ('', ?, ?, ?, ?, ?, ?, ?, 'failed', ?) RETURNING *",
                (order.wish, str(order.clip), str(order.out), settings_json(order.settings), order.overwrite,
                 time.time(), time.time(), sentence),
            ).fetchone()  # fmt: skip
        return _job(row)

    def retry(self, ids: Sequence[int]) -> list[Job]:
        """Queue failed and cancelled jobs again; those that were."""
        return self._turn(ids, ("failed", "cancelled"), "queued", "attempts = 0, not_before = 0, error = ''")

    def cancel(self, ids: Sequence[int]) -> list[Job]:
        """Take back jobs that wait or run; a running one stops at its worker's next heartbeat."""
        return self._turn(ids, ("queued", "running"), "cancelled", "worker = NULL")

    def drop(self, ids: Sequence[int]) -> list[Job]:
        """Remove ended jobs from the queue."""
        with self._change() as base:
            rows = base.execute(
                "DELETE FROM jobs WHERE state NOT IN ('queued', 'running')"
                " AND id IN (SELECT value FROM json_each(?)) RETURNING *",
                (json.dumps(list(ids)),),
            ).fetchall()
        return [_job(row) for row in rows]

    def job(self, id: int) -> Job:
        """Raises FacefixError where there is none."""
        row = self._base.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise FacefixError(f"There is no job {id}; `facefix queue ls` lists them.")
        return _job(row)

    def jobs(self, states: Iterable[State] = (), among: Sequence[int] | None = None) -> list[Job]:
        """Jobs of some states, all without any, in the order in which they are begun."""
        wanted, chosen = json.dumps(list(states)), json.dumps(among)
        rows = self._base.execute(
            "SELECT * FROM jobs WHERE (? = '[]' OR state IN (SELECT value FROM json_each(?)))"
            " AND (? = 'null' OR id IN (SELECT value FROM json_each(?))) ORDER BY priority DESC, id",
            (wanted, wanted, chosen, chosen),
        )
        return [_job(row) for row in rows]

    def twin(self, job: Job) -> Job | None:
        """A job that is done and wanted the same of the same content, whose result is another file."""
        rows = self._base.execute(
            "SELECT * FROM jobs WHERE (content, wish, state) = (?, ?, 'done') AND out != ? ORDER BY ended DESC",
            (job.content, job.wish, str(job.out)),
        )
        return next((one for one in map(_job, rows) if one.out.suffix == job.out.suffix), None)

    def _end(self, job: Job, state: State, **values: Any) -> bool:
        """Leave the state `running`, if the job is still its worker's."""
        now = time.time()
        values = {"state": state, "ended": now, "worker": None, **values}
        names = ", ".join(f"{name} = ?" for name in values)
        with self._change() as base:
            return bool(
                base.execute(
                    f"UPDATE jobs SET {names}, seconds = seconds + ? - started"
                    " WHERE id = ? AND worker = ? AND state = 'running'",
                    (*values.values(), now, job.id, job.worker),
                ).rowcount
            )

    def _turn(self, ids: Sequence[int], states: tuple[State, ...], state: State, also: str) -> list[Job]:
        with self._change() as base:
            rows = base.execute(
                f"UPDATE jobs SET state = ?, {also} WHERE state IN (SELECT value FROM json_each(?))"
                " AND id IN (SELECT value FROM json_each(?)) RETURNING *",
                (state, json.dumps(states), json.dumps(list(ids))),
            ).fetchall()
        return [_job(row) for row in rows]

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """A transaction that nobody else writes beside."""
        try:
            self._base.execute("BEGIN IMMEDIATE")
            yield self._base
            self._base.execute("COMMIT")
        except BaseException as error:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise OutputError(f"The queue cannot be written to ({error}).") from error
            raise


def _job(row: sqlite3.Row) -> Job:
    told: dict[str, Any] = dict(row)
    paths = {name: Path(told[name]) for name in ("clip", "out")}
    return Job(**{**told, **paths, "overwrite": bool(told["overwrite"]), "begun": bool(told["begun"])})
