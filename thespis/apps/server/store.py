"""The jobs in SQLite: they survive a restart and a kill; a job that runs is leased to one renderer, whose death is seen by its lock."""

import fcntl
import json
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thespis.errors import ThespisError

COLUMNS = "id, state, created, started, finished, progress, frames, attempts, lease, stop, error, result, request, inputs, webhook, tries"
TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, number INTEGER, state TEXT NOT NULL, created REAL NOT NULL, started REAL, finished REAL,
    progress REAL NOT NULL DEFAULT 0, frames INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, lease TEXT,
    stop INTEGER NOT NULL DEFAULT 0, error TEXT, result TEXT, request TEXT NOT NULL, inputs TEXT NOT NULL,
    webhook TEXT NOT NULL DEFAULT '', tries INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS jobs_number ON jobs (number);
CREATE INDEX IF NOT EXISTS jobs_state ON jobs (state, number);
"""
FIRST_FREE = "SELECT id FROM jobs WHERE state = 'queued' ORDER BY number LIMIT 1"
RESULT = "result"  # the folder of a finished job, which appears whole


@dataclass(frozen=True)
class Job:
    """One row: the `request` and the `inputs` (a name for each file) as they were sent."""

    id: str
    state: str
    created: float
    started: float | None
    finished: float | None
    progress: float
    frames: int
    attempts: int
    lease: str | None
    stop: bool
    error: str | None
    result: dict[str, Any] | None
    request: dict[str, Any]
    inputs: dict[str, str]
    webhook: str
    tries: int


def job_of(row: tuple[Any, ...]) -> Job:
    """Read a row of COLUMNS."""
    found = dict(zip(COLUMNS.split(", "), row, strict=True))
    for name in ("result", "request", "inputs"):
        found[name] = None if found[name] is None else json.loads(found[name])
    return Job(**(found | {"stop": bool(found["stop"])}))


class Store:
    """All that is known of the jobs of one folder; any thread and any process may use one."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, and make what is missing."""
        self.folder = folder
        try:
            for name in ("jobs", "takes", "renderers", "uploads"):
                (folder / name).mkdir(parents=True, exist_ok=True)
            # Held open, since the last connection that closes writes the whole log back, which takes longer than all the rest.
            self._held = sqlite3.connect(folder / "jobs.sqlite", timeout=30.0, isolation_level=None, check_same_thread=False)
            self._held.execute("PRAGMA journal_mode = WAL")
            self._held.executescript(TABLE)
        except (OSError, sqlite3.DatabaseError) as error:
            raise ThespisError(f"the folder {folder} cannot keep a server's jobs: {error}; choose another --folder") from None

    def close(self) -> None:
        """Let go of the database."""
        self._held.close()

    @contextmanager
    def _open(self, write: bool = False) -> Iterator[sqlite3.Connection]:
        """Open the database; a writer has it to itself, and leaves all or nothing."""
        with closing(sqlite3.connect(self.folder / "jobs.sqlite", timeout=30.0, isolation_level=None)) as base:
            base.execute(
                "PRAGMA synchronous = NORMAL"
            )  # with a write-ahead log a killed process loses nothing, and commits wait for no disk
            if write:
                base.execute("BEGIN IMMEDIATE")
            try:
                yield base
            except BaseException:
                if write:
                    base.execute("ROLLBACK")
                raise
            if write:
                base.execute("COMMIT")

    def place(self, job: str) -> Path:
        """The folder of a job."""
        return self.folder / "jobs" / job

    def add(self, job: str, request: dict[str, Any], inputs: dict[str, str], most: int) -> None:
        """Put a job at the end of the queue, unless `most` are waiting."""
        with self._open(write=True) as base:
            (waiting,) = base.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()
            if waiting >= most:
                raise QueueFullError(f"{waiting} jobs are waiting, which is all this server takes on; try again later")
            base.execute(
                "INSERT INTO jobs (id, number, state, created, request, inputs, webhook) "
                "VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM jobs), 'queued', ?, ?, ?, ?)",
                (job, time.time(), json.dumps(request), json.dumps(inputs), request.get("webhook") or ""),
            )

    def get(self, job: str) -> Job | None:
        """Find a job."""
        with self._open() as base:
            row = base.execute(f"SELECT {COLUMNS} FROM jobs WHERE id = ?", (job,)).fetchone()
        return None if row is None else job_of(row)

    def before(self, job: str) -> int:
        """Count the jobs that are before this one in the queue."""
        with self._open() as base:
            query = "SELECT count(*) FROM jobs WHERE state = 'queued' AND number < (SELECT number FROM jobs WHERE id = ?)"
            return int(base.execute(query, (job,)).fetchone()[0])

    def page(self, state: str | None, first: int, most: int) -> tuple[list[Job], int]:
        """List the newest jobs, and count all of that state."""
        where, given = ("", ()) if state is None else ("WHERE state = ?", (state,))
        with self._open() as base:
            rows = base.execute(f"SELECT {COLUMNS} FROM jobs {where} ORDER BY number DESC LIMIT ? OFFSET ?", (*given, most, first))
            found = [job_of(row) for row in rows.fetchall()]
            return found, int(base.execute(f"SELECT count(*) FROM jobs {where}", given).fetchone()[0])

    def counts(self) -> dict[str, int]:
        """Count the jobs of each state."""
        with self._open() as base:
            return dict(base.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())

    def claim(self, lease: str) -> Job | None:
        """Give the first job of the queue to a renderer."""
        with self._open() as base:
            if base.execute(FIRST_FREE).fetchone() is None:
                return None
        with self._open(write=True) as base:
            row = base.execute(FIRST_FREE).fetchone()
            if row is None:
                return None
            change = "UPDATE jobs SET state = 'running', lease = ?, started = ?, attempts = attempts + 1, progress = 0 WHERE id = ?"
            base.execute(change, (lease, time.time(), row[0]))
            return job_of(base.execute(f"SELECT {COLUMNS} FROM jobs WHERE id = ?", row).fetchone())

    def advance(self, job: str, lease: str, progress: float, frames: int) -> bool:
        """Tell how far a renderer is -> whether the job is still wanted, and its own."""
        with self._open(write=True) as base:
            change = "UPDATE jobs SET progress = ?, frames = ? WHERE id = ? AND lease = ? AND state = 'running' AND stop = 0"
            return base.execute(change, (min(progress, 1.0), frames, job, lease)).rowcount == 1

    def finish(
        self, job: str, state: str, *, lease: str | None = None, error: str | None = None, result: dict[str, Any] | None = None
    ) -> bool:
        """End a job that is not yet ended; with `lease` only if it is that renderer's."""
        own, given = ("", ()) if lease is None else (" AND lease = ?", (lease,))
        with self._open(write=True) as base:
            change = (
                "UPDATE jobs SET state = ?, error = ?, result = ?, finished = ?, lease = NULL, "
                f"progress = CASE ? WHEN 'done' THEN 1 ELSE progress END WHERE id = ? AND state IN ('queued', 'running'){own}"
            )
            about = None if result is None else json.dumps(result)
            return base.execute(change, (state, error, about, time.time(), state, job, *given)).rowcount == 1

    def cancel(self, job: str) -> str | None:
        """Ask that a job ends -> the state it has now; one that waits ends at once."""
        with self._open(write=True) as base:
            base.execute("UPDATE jobs SET state = 'cancelled', finished = ? WHERE id = ? AND state = 'queued'", (time.time(), job))
            base.execute("UPDATE jobs SET stop = 1 WHERE id = ? AND state = 'running'", (job,))
            row = base.execute("SELECT state FROM jobs WHERE id = ?", (job,)).fetchone()
        return None if row is None else str(row[0])

    def running(self) -> list[Job]:
        """List the jobs that are leased."""
        with self._open() as base:
            return [job_of(row) for row in base.execute(f"SELECT {COLUMNS} FROM jobs WHERE state = 'running'").fetchall()]

    def release(self, job: Job, attempts: int) -> None:
        """Take a job from a renderer that is dead: its result counts if it is whole, else it is tried again, but not for ever."""
        found = result_of(self.place(job.id))
        if found is not None:
            self.finish(job.id, "done", result=found)
        elif job.stop:
            self.finish(job.id, "cancelled")
        elif job.attempts >= attempts:
            self.finish(job.id, "failed", error=f"its renderer stopped {job.attempts} times without a word; the job is given up")
        else:
            with self._open(write=True) as base:
                base.execute("UPDATE jobs SET state = 'queued', lease = NULL WHERE id = ? AND lease = ?", (job.id, job.lease))

    def calls(self, now: float) -> list[Job]:
        """List the ended jobs whose webhook is due."""
        query = f"SELECT {COLUMNS} FROM jobs WHERE webhook != '' AND due <= ? AND state IN ('done', 'failed', 'cancelled') LIMIT 20"
        with self._open() as base:
            return [job_of(row) for row in base.execute(query, (now,)).fetchall()]

    def called(self, job: str, again: float | None) -> None:
        """Note that a webhook was called; it is called `again` at that time, or never."""
        with self._open(write=True) as base:
            base.execute("UPDATE jobs SET tries = tries + 1 WHERE id = ?", (job,))
            if again is None:
                base.execute("UPDATE jobs SET webhook = '' WHERE id = ?", (job,))
            else:
                base.execute("UPDATE jobs SET due = ? WHERE id = ?", (again, job))

    def remove(self, job: str) -> bool:
        """Forget a job that has ended."""
        with self._open(write=True) as base:
            return base.execute("DELETE FROM jobs WHERE id = ? AND state NOT IN ('queued', 'running')", (job,)).rowcount == 1

    def old(self, before: float, most: int) -> list[str]:
        """List the ended jobs that are too old, and the oldest of those that are too many."""
        query = (
            "SELECT id FROM (SELECT id, finished, row_number() OVER (ORDER BY number DESC) AS nth FROM jobs "
            "WHERE state IN ('done', 'failed', 'cancelled')) WHERE finished < ? OR nth > ?"
        )
        with self._open() as base:
            return [str(row[0]) for row in base.execute(query, (before, most)).fetchall()]


class QueueFullError(ThespisError):
    """More jobs than a server takes on."""


def result_of(place: Path) -> dict[str, Any] | None:
    """Read what a job made, if it is there; its folder appears whole."""
    try:
        found: dict[str, Any] = json.loads((place / RESULT / "about.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


class Lease:
    """A lock that its process holds as long as it lives, however it ends."""

    def __init__(self, folder: Path, name: str | None = None) -> None:
        """Take a new lock, or the one of that name."""
        self.name = name or uuid.uuid4().hex
        self._path = folder / f"{self.name}.lock"
        self._file = self._path.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise ThespisError(f"another server works in {folder}; stop it first or choose another --folder") from None

    def close(self) -> None:
        """Give it back."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def newest_first(folder: Path, pattern: str) -> list[tuple[Path, float]]:
    """List files with the time at which they were written; one that is removed meanwhile is left out."""
    found = []
    for path in folder.glob(pattern):
        with suppress(FileNotFoundError):
            found.append((path, path.stat().st_mtime))
    return sorted(found, key=lambda each: each[1], reverse=True)


def alive(folder: Path, name: str) -> bool:
    """Tell whether the process that holds this lease lives."""
    try:
        with (folder / f"{name}.lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True
