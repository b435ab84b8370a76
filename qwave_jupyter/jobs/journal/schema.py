"""The journal's tables, and how an older journal becomes a newer one.

Versions only ever add: an older release goes on working with a newer journal, and two releases may share one.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sqlite3
from pathlib import Path

__all__ = [
    "COLUMNS",
    "FAILURES",
    "INVALID",
    "OPEN_STATES",
    "VERSION",
    "FromNewerRelease",
    "connect",
    "connect_damaged",
    "connect_read_only",
    "decode_text",
    "describe",
    "is_damage",
    "is_read_only",
    "migrate",
]

VERSION = 1

#: States of jobs that somebody may still get pictures from.
OPEN_STATES = ("submitting", "running", "completed")

#: Every column of ``jobs`` that this release knows, in the order of :class:`~qwave_jupyter.jobs.journal.store.Entry`.
COLUMNS = (
    "job_id",
    "created",
    "updated",
    "edition",
    "base_url",
    "model",
    "action",
    "prompt",
    "resolution",
    "quality",
    "n",
    "parameters",
    "body",
    "fingerprint",
    "state",
    "task_id",
    "estimate_usd",
    "held_quota",
    "cost_quota",
    "refunded_quota",
    "links",
    "files",
    "submitted",
    "duration",
    "finished",
    "error",
    "save_dir",
    "notebook",
    "pid",
)

_STEPS = (
    # 1
    """
    CREATE TABLE jobs (
        job_id TEXT PRIMARY KEY,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        edition TEXT NOT NULL DEFAULT '',
        base_url TEXT NOT NULL DEFAULT '',
        model TEXT NOT NULL DEFAULT '',
        action TEXT NOT NULL DEFAULT '',
        prompt TEXT NOT NULL DEFAULT '',
        resolution TEXT NOT NULL DEFAULT '',
        quality TEXT NOT NULL DEFAULT '',
        n INTEGER NOT NULL DEFAULT 1,
        parameters TEXT NOT NULL DEFAULT '{}',
        body TEXT NOT NULL DEFAULT '{}',
        fingerprint TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL,
        task_id TEXT,
        estimate_usd REAL,
        held_quota INTEGER,
        cost_quota INTEGER,
        refunded_quota INTEGER,
        links TEXT NOT NULL DEFAULT '[]',
        files TEXT NOT NULL DEFAULT '[]',
        submitted REAL,
        duration REAL,
        finished REAL,
        error TEXT,
        save_dir TEXT,
        notebook TEXT,
        pid INTEGER
    );
    CREATE INDEX jobs_open ON jobs (created) WHERE state IN ('submitting', 'running', 'completed');
    CREATE INDEX jobs_done ON jobs (created) WHERE state = 'done';
    CREATE INDEX jobs_same ON jobs (fingerprint, created) WHERE state = 'done';
    CREATE INDEX jobs_pace ON jobs (model, resolution, finished) WHERE duration IS NOT NULL;
    CREATE INDEX jobs_task ON jobs (task_id);
    CREATE INDEX jobs_cost ON jobs
        (created, model, notebook, estimate_usd, held_quota, cost_quota, refunded_quota, state);
    """,
)

#: Reads a TEXT value with invalid bytes in it, which would otherwise make SQLite refuse every row of the query.
decode_text = functools.partial(str, encoding="utf-8", errors="replace")
#: What SQLite raises; a message of its own that quotes invalid bytes becomes a UnicodeDecodeError.
FAILURES = (sqlite3.Error, UnicodeDecodeError)
#: What stands for an invalid byte; no JSON of ours holds it, for that is ASCII.
INVALID = "\ufffd"
#: Where SQLite begins to quote names and values.
_QUOTED = re.compile(r"""[:'"(\n]| with text""")

_DAMAGED = ("malformed", "not a database", "file is encrypted", "disk image", "unsupported file format")


class FromNewerRelease(sqlite3.DatabaseError):
    """A journal in which a later release has done more than add; it is left as it is.

    Args:
        version: the version of its tables.
    """

    def __init__(self, version: int) -> None:
        super().__init__(f"version {version} > {VERSION}")


def connect(path: Path, *, busy_seconds: float) -> sqlite3.Connection:
    """Open a journal for writing: WAL where the file system can, a rollback journal where it can't.

    Args:
        path: the file.
        busy_seconds: how long to wait for other processes.

    Raises:
        FromNewerRelease: it is of another kind than this release knows.
        sqlite3.DatabaseError: it can't be opened, written, or is damaged.
    """
    connection = _opened(str(path), busy_seconds)
    try:
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode=WAL").fetchone()
        try:
            migrate(connection)
        except sqlite3.OperationalError as problem:
            if "lock" in str(problem) and "protocol" not in str(problem):
                raise
            # A network file system may promise WAL and then fail at the first shared-memory access.
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            migrate(connection)
        _check_columns(connection)
        # A job's intent must survive a power cut: it is what makes a submit repeatable.
        connection.execute("PRAGMA synchronous=FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_read_only(path: Path, *, busy_seconds: float) -> sqlite3.Connection:
    """Open a journal that can't be written.

    Raises:
        sqlite3.DatabaseError: there is none, or it can't be read either.
    """
    problem: Exception | None = None
    # A WAL journal in a read-only folder opens only as immutable.
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        connection = None
        try:
            connection = _opened(f"{path.resolve().as_uri()}?{mode}", busy_seconds, uri=True)
            connection.execute("SELECT count(*) FROM jobs LIMIT 1").fetchone()
        except FAILURES as failed:
            problem = failed
            if connection is not None:
                connection.close()
        else:
            return connection
    raise problem or sqlite3.OperationalError("unable to open")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to this release's version; newer ones are left as they are."""
    if connection.execute("PRAGMA user_version").fetchone()[0] >= VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been quicker.
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for step in _STEPS[version:]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        if version < VERSION:
            connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _check_columns(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    there = {row["name"] for row in connection.execute("PRAGMA table_info(jobs)")}
    if version > VERSION and not there.issuperset(COLUMNS):
        raise FromNewerRelease(version)


def is_read_only(problem: Exception) -> bool:
    """Whether an error means that the file may be read and not written."""
    return "readonly database" in str(problem).lower()


def is_damage(problem: Exception) -> bool:
    """Whether an error means that the file itself is broken."""
    if isinstance(problem, UnicodeDecodeError):
        return True
    text = str(problem).lower()
    return any(word in text for word in _DAMAGED) or (
        isinstance(problem, sqlite3.OperationalError) and "no such" in text
    )


def describe(problem: Exception) -> str:
    """What went wrong, without any path, name or value that the message quotes."""
    if isinstance(problem, OSError):
        return problem.strerror or type(problem).__name__
    if isinstance(problem, FromNewerRelease):
        return str(problem)
    return _QUOTED.split(str(problem), maxsplit=1)[0].strip() or type(problem).__name__


def connect_damaged(path: Path) -> sqlite3.Connection:
    """Open a damaged journal for reading, with as much of its schema as can be read."""
    connection = _opened(f"{path.resolve().as_uri()}?mode=ro", 1.0, uri=True)
    connection.execute("PRAGMA writable_schema=ON")
    return connection


def _opened(name: str, busy_seconds: float, *, uri: bool = False) -> sqlite3.Connection:
    # Autocommit: every transaction of ours begins in words, and none stays open.
    connection = sqlite3.connect(name, timeout=busy_seconds, isolation_level=None, check_same_thread=False, uri=uri)
    connection.row_factory = sqlite3.Row
    connection.text_factory = decode_text
    return connection
