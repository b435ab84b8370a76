"""The record of every job, from the intent to the files: nothing that was paid for is ever lost.

SQLite in WAL mode where the file system can (rollback otherwise), one short transaction per step, shared by any number
of kernels. The API key never comes near it; reference bytes lie beside it, once each, by their hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qwave_jupyter.errors import JournalUnavailable
from qwave_jupyter.generation.locks import JobLock

__all__ = ["Journal", "Row", "open_journal"]

_SCHEMA = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    job_id TEXT PRIMARY KEY, created REAL NOT NULL, updated REAL NOT NULL, state TEXT NOT NULL, edition TEXT NOT NULL,
    base_url TEXT NOT NULL, model TEXT NOT NULL, action TEXT NOT NULL, prompt TEXT NOT NULL, body TEXT NOT NULL,
    fingerprint TEXT NOT NULL, likeness TEXT NOT NULL, task_id TEXT, estimate_usd REAL, held_quota INTEGER,
    cost_quota INTEGER, refunded_quota INTEGER, seconds REAL, files TEXT NOT NULL DEFAULT '[]', error TEXT,
    notebook TEXT, save_dir TEXT
);
CREATE INDEX IF NOT EXISTS open_jobs ON jobs (state) WHERE state IN ('intended', 'submitted', 'completed');
CREATE INDEX IF NOT EXISTS by_time ON jobs (created);
CREATE INDEX IF NOT EXISTS by_fingerprint ON jobs (fingerprint, state);
CREATE INDEX IF NOT EXISTS by_likeness ON jobs (likeness, created) WHERE seconds IS NOT NULL;
"""
_OPEN = ("intended", "submitted", "completed")
_DATA_URI = "qwave-blob:"


@dataclass(frozen=True)
class Row:
    """One job as the journal knows it.

    Args:
        job_id: its id, which is also its idempotency key.
        state: ``intended``, ``submitted``, ``completed`` (some files are missing), ``done``, ``failed``
            or ``cancelled``.
        body: the request body with its references.
        files: one object for each finished picture, as :mod:`~qwave_jupyter.generation.gallery` writes them.
    """

    job_id: str
    created: float
    state: str
    edition: str
    base_url: str
    model: str
    action: str
    prompt: str
    body: Mapping[str, Any] = field(repr=False)
    fingerprint: str = ""
    task_id: str | None = None
    estimate_usd: float | None = None
    held_quota: int | None = None
    cost_quota: int | None = None
    refunded_quota: int | None = None
    seconds: float | None = None
    files: Sequence[Mapping[str, Any]] = ()
    error: str | None = None
    notebook: str | None = None
    save_dir: str | None = None


class Journal:
    """The journal in one folder.

    Args:
        home: the folder; made on first need.

    Raises:
        JournalUnavailable: it can't be written there.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        try:
            home.mkdir(parents=True, exist_ok=True)
            self._database = self._opened(home / "journal.sqlite3")
        except (OSError, sqlite3.Error) as problem:
            raise JournalUnavailable("generation.not_written", folder=str(home), reason=_reason(problem)) from None

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def intend(self, job_id: str, **facts: Any) -> None:
        """Write down a job before anything is sent."""
        body = self._without_bytes(facts.pop("body"))
        row = {"job_id": job_id, "state": "intended", "body": json.dumps(body), "updated": facts["created"], **facts}
        columns = ", ".join(row)
        marks = ", ".join("?" for _ in row)
        with self._writing() as database:
            database.execute(f"INSERT INTO jobs ({columns}) VALUES ({marks})", tuple(row.values()))  # noqa: S608 - our names

    def note(self, job_id: str, *, now: float, **facts: Any) -> None:
        """Write down what has become of a job.

        Args:
            job_id: the job.
            now: Unix seconds.
            facts: columns and their values; ``files`` as a list.
        """
        if "files" in facts:
            facts["files"] = json.dumps(facts["files"])
        facts["updated"] = now
        changes = ", ".join(f"{name} = ?" for name in facts)
        with self._writing() as database:
            database.execute(f"UPDATE jobs SET {changes} WHERE job_id = ?", (*facts.values(), job_id))  # noqa: S608

    def row(self, job_id: str) -> Row | None:
        """One job, or None."""
        return next(iter(self._rows("job_id = ?", (job_id,), 1)), None)

    def open_jobs(self, base_url: str | None = None) -> tuple[Row, ...]:
        """The jobs that haven't ended, oldest first.

        Args:
            base_url: only those of one server.
        """
        rows = self._rows(f"state IN {_OPEN}", (), 10_000)
        return tuple(reversed([row for row in rows if base_url is None or row.base_url == base_url]))

    def finished(self, words: str = "", limit: int = 100) -> tuple[Row, ...]:
        """Finished jobs, newest first.

        Args:
            words: words that must all stand in the prompt or the model id.
            limit: how many at most.
        """
        terms = words.split()[:10]
        where = " AND ".join(
            ["state = 'done'", *["(prompt LIKE ? ESCAPE '!' OR model LIKE ? ESCAPE '!')"] * len(terms)]
        )
        likes = [like for term in terms for like in (f"%{_literal(term)}%",) * 2]
        return self._rows(where, tuple(likes), limit)

    def same(self, fingerprint: str) -> Row | None:
        """The newest finished job with this very request, or None."""
        rows = self._rows("fingerprint = ? AND state = 'done'", (fingerprint,), 1)
        return rows[0] if rows else None

    def durations(self, likeness: str, limit: int = 30) -> tuple[float, ...]:
        """How many seconds similar jobs took, newest first."""
        with self._reading() as database:
            found = database.execute(
                "SELECT seconds FROM jobs WHERE likeness = ? AND seconds IS NOT NULL ORDER BY created DESC LIMIT ?",
                (likeness, limit),
            ).fetchall()
        return tuple(one["seconds"] for one in found)

    def spent(self, since: float, notebook: str | None = None) -> int:
        """Quota that was charged since a moment, in all or for one notebook."""
        with self._reading() as database:
            found = database.execute(
                "SELECT COALESCE(SUM(cost_quota), 0) AS quota FROM jobs"
                " WHERE created >= ?1 AND (?2 IS NULL OR notebook = ?2)",
                (since, notebook),
            ).fetchone()
        return int(found["quota"])

    def lock(self, job_id: str) -> JobLock:
        """The lock under which a job is worked on."""
        return JobLock(self._home / "locks" / f"{job_id}.lock")

    def _opened(self, file: Path) -> sqlite3.Connection:
        try:
            return self._connected(file)
        except sqlite3.DatabaseError as problem:
            if isinstance(problem, sqlite3.OperationalError):
                raise
            # A torn file is put aside, never thrown away: what can be read from it later may be worth money.
            aside = next(name for n in range(1000) if not (name := file.with_suffix(f".damaged-{n}")).exists())
            file.rename(aside)
            for extra in ("-wal", "-shm"):
                file.with_name(file.name + extra).unlink(missing_ok=True)
            return self._connected(file)

    def _connected(self, file: Path) -> sqlite3.Connection:
        database = sqlite3.connect(file, timeout=20, isolation_level=None, check_same_thread=False)
        try:
            database.row_factory = sqlite3.Row
            with contextlib.suppress(sqlite3.OperationalError):
                database.execute("PRAGMA journal_mode = WAL").fetchone()
            database.execute("PRAGMA synchronous = NORMAL")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version < _SCHEMA:
                database.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_SCHEMA}; COMMIT;")
        except BaseException:
            database.close()
            raise
        return database

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                try:
                    yield self._database
                except BaseException:
                    self._database.execute("ROLLBACK")
                    raise
                self._database.execute("COMMIT")
            except sqlite3.Error as problem:
                raise JournalUnavailable(
                    "generation.not_written", folder=str(self._home), reason=_reason(problem)
                ) from None

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._database

    def _rows(self, where: str, values: tuple[Any, ...], limit: int) -> tuple[Row, ...]:
        with self._reading() as database:
            found = database.execute(
                f"SELECT * FROM jobs WHERE {where} ORDER BY created DESC LIMIT ?",  # noqa: S608 - our conditions
                (*values, limit),
            ).fetchall()
        known = Row.__dataclass_fields__
        return tuple(self._row({name: one[name] for name in one.keys() if name in known}) for one in found)  # noqa: SIM118

    def _row(self, columns: dict[str, Any]) -> Row:
        body = self._with_bytes(json.loads(columns.pop("body")))
        return Row(**{**columns, "body": body, "files": tuple(json.loads(columns["files"]))})

    def _without_bytes(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._without_bytes(one) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._without_bytes(one) for one in value]
        if isinstance(value, str) and value.startswith("data:"):
            name = hashlib.sha256(value.encode()).hexdigest()
            file = self._home / "references" / name
            if not file.exists():
                file.parent.mkdir(exist_ok=True)
                file.write_text(value, encoding="ascii")
            return _DATA_URI + name
        return value

    def _with_bytes(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._with_bytes(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._with_bytes(one) for one in value]
        if isinstance(value, str) and value.startswith(_DATA_URI):
            file = self._home / "references" / value.removeprefix(_DATA_URI)
            return file.read_text(encoding="ascii") if file.exists() else value
        return value


_journals: dict[Path, Journal] = {}
_opening = threading.Lock()


def open_journal(home: Path) -> Journal:
    """The journal of a folder; the same one for the same folder in this process."""
    with _opening:
        if home not in _journals:
            _journals[home] = Journal(home)
        return _journals[home]


def _literal(term: str) -> str:
    return term.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _reason(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
