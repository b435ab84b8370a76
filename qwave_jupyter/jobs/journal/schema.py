"""The journal's file: its tables, opening it, counting what is open, and saving what a damaged one still yields.

Versions only ever add: an older release goes on working with a newer journal, and two releases may share one.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from qwave_jupyter import threads
from qwave_jupyter.jobs.journal.locks import job_lock
from qwave_jupyter.jobs.journal.record import COLUMNS, OPEN_STATES, EntryState, decode_text

__all__ = [
    "COLUMNS",
    "FAILURES",
    "OPEN_STATES",
    "VERSION",
    "FromNewerRelease",
    "connect",
    "connect_damaged",
    "connect_read_only",
    "count_open",
    "describe",
    "is_damage",
    "is_read_only",
    "migrate",
    "salvage",
    "transaction",
]

VERSION = 2

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
    # 2: a table of its own, for an older release writes whole rows of jobs.
    """
    CREATE TABLE stars (job_id TEXT NOT NULL, image INTEGER NOT NULL, PRIMARY KEY (job_id, image));
    """,
)

#: What SQLite raises; a message of its own that quotes invalid bytes becomes a UnicodeDecodeError.
FAILURES = (sqlite3.Error, UnicodeDecodeError)

#: Where SQLite begins to quote names and values.
_QUOTE_START = re.compile(r"""[:'"(\n]| with text""")

_DAMAGED = ("malformed", "not a database", "file is encrypted", "disk image", "unsupported file format")


class FromNewerRelease(sqlite3.DatabaseError):
    """A journal in which a later release has done more than add; it is left as it is."""

    def __init__(self, version: int) -> None:
        super().__init__(f"version {version} > {VERSION}")


def connect(path: Path, *, busy_seconds: float) -> sqlite3.Connection:
    """Open a journal for writing: WAL where the file system can, a rollback journal where it can't."""
    connection = _open(str(path), busy_seconds)
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
    """Open a journal that can't be written."""
    problem: Exception | None = None
    # A WAL journal in a read-only folder opens only as immutable.
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        connection = None
        try:
            connection = _open(f"{path.resolve().as_uri()}?{mode}", busy_seconds, uri=True)
            connection.execute("SELECT count(*) FROM jobs LIMIT 1").fetchone()
        except FAILURES as failed:
            problem = failed
            if connection is not None:
                connection.close()
        else:
            return connection
    raise problem or sqlite3.OperationalError("unable to open")


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what a block writes, or roll all of it back where it fails; what failed is what is raised."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(*FAILURES):
            connection.execute("ROLLBACK")
        raise


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to this release's version; newer ones are left as they are."""
    if connection.execute("PRAGMA user_version").fetchone()[0] >= VERSION:
        return
    with transaction(connection):
        # Another process may have been quicker.
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for step in _STEPS[version:]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        if version < VERSION:
            connection.execute(f"PRAGMA user_version={VERSION}")


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
    return _QUOTE_START.split(str(problem), maxsplit=1)[0].strip() or type(problem).__name__


def connect_damaged(path: Path) -> sqlite3.Connection:
    """Open a damaged journal for reading, with as much of its schema as can be read."""
    connection = _open(f"{path.resolve().as_uri()}?mode=ro", 1.0, uri=True)
    connection.execute("PRAGMA writable_schema=ON")
    return connection


def _open(name: str, busy_seconds: float, *, uri: bool = False) -> sqlite3.Connection:
    # Autocommit: every transaction of ours begins in words, and none stays open.
    connection = sqlite3.connect(name, timeout=busy_seconds, isolation_level=None, check_same_thread=False, uri=uri)
    connection.row_factory = sqlite3.Row
    connection.text_factory = decode_text
    return connection


#: No row takes fewer bytes, so a file holds no more rows than its size divided by this.
_MIN_ROW_BYTES = 40
#: Rows of finished jobs in one transaction; an open job has one to itself.
_CHUNK = 500
_PAGE = 4096
_ALL_COLUMNS = ", ".join(COLUMNS)
#: Indexes that cover every row: where the table's own tree is broken, they know which rows there are.
_INDEXES = {"jobs_task": "task_id", "jobs_cost": "created"}


def salvage(damaged: Path, into: sqlite3.Connection) -> int:
    """Copy every row of a damaged journal that can still be read, in whole or in part."""
    saved = _copy_rows(damaged, into)
    if saved:
        return saved
    # Without its first page SQLite finds no table at all. That page is the same in every journal but for its counters.
    with contextlib.suppress(OSError, *FAILURES), tempfile.TemporaryDirectory(dir=damaged.parent) as folder:
        saved = _copy_rows(_replace_head(damaged, Path(folder)), into)
    return saved


def _copy_rows(damaged: Path, into: sqlite3.Connection) -> int:
    try:
        source = connect_damaged(damaged)
    except FAILURES:
        return 0
    with contextlib.closing(source):
        states = _find_rows(source, damaged.stat().st_size)
        first = [rowid for rowid, state in states.items() if state is None or state in OPEN_STATES]
        rest = sorted(states.keys() - set(first), reverse=True)
        chunks = [[rowid] for rowid in first] + [rest[at : at + _CHUNK] for at in range(0, len(rest), _CHUNK)]
        saved = 0
        # A full disk ends it, with what is in by then.
        with contextlib.suppress(*FAILURES):
            for chunk in chunks:
                saved += _insert(into, [row for rowid in chunk if (row := _read_row(source, rowid))])
            _copy_stars(source, into)
        return saved


def _copy_stars(source: sqlite3.Connection, into: sqlite3.Connection) -> None:
    rows: list[tuple[object, object]] = []
    with contextlib.suppress(*FAILURES):
        # Up to the first that can't be read; a journal of an earlier release has none.
        rows.extend((row[0], row[1]) for row in source.execute("SELECT job_id, image FROM stars"))
    with transaction(into):
        into.executemany("INSERT OR IGNORE INTO stars (job_id, image) VALUES (?, ?)", rows)


def _find_rows(source: sqlite3.Connection, size: int) -> dict[int, object]:
    """The rows that are there, by rowid, with their states; None for a state that can't be read."""
    found: dict[int, object] = {}
    if _collect(source, "SELECT rowid, state FROM jobs NOT INDEXED ORDER BY rowid", found):
        return found
    from_start = len(found)
    _collect(source, "SELECT rowid, state FROM jobs NOT INDEXED ORDER BY rowid DESC", found)
    end_known = len(found) > from_start
    listed: dict[int, object] = {}
    for index, column in _INDEXES.items():
        for order in ("ASC", "DESC"):
            sql = f"SELECT rowid, NULL FROM jobs INDEXED BY {index} ORDER BY {column} {order}"  # noqa: S608 - our names
            end_known = _collect(source, sql, listed) or end_known
    max_rowid = size // _MIN_ROW_BYTES
    highest = min(max((*found, *listed), default=0), 2 * max_rowid) if end_known else max_rowid
    for rowid in sorted({*range(1, highest + 1), *listed} - found.keys()):
        for column in ("state", "NULL AS state FROM jobs WHERE job_id IS NOT NULL AND rowid = ?"):
            sql = f"SELECT {column} FROM jobs WHERE rowid = ?" if column == "state" else f"SELECT {column}"  # noqa: S608
            with contextlib.suppress(*FAILURES):
                row = source.execute(sql, [rowid]).fetchone()
                if row is not None:
                    found[rowid] = row[0]
                break
    return found


def _collect(source: sqlite3.Connection, sql: str, found: dict[int, object]) -> bool:
    """Add rowids and states until the first that can't be read; return whether that was all."""
    try:
        for row in source.execute(sql):
            found.setdefault(row[0], row[1])
    except FAILURES:
        return False
    return True


def _read_row(source: sqlite3.Connection, rowid: int) -> dict[str, object]:
    """A row, or those of its columns that can be read; empty where not even its id can."""
    try:
        row = source.execute(f"SELECT {_ALL_COLUMNS} FROM jobs WHERE rowid = ?", [rowid]).fetchone()  # noqa: S608 - our names
        values = dict(row or {})
    except FAILURES:
        values = dict(_read_columns(source, rowid))
    values = {name: value for name, value in values.items() if value is not None}
    if not isinstance(values.get("job_id"), str):
        return {}
    state = EntryState.RUNNING if values.get("task_id") else EntryState.UNKNOWN
    return {"created": 0.0, "updated": 0.0, "state": state, **values}


def _read_columns(source: sqlite3.Connection, rowid: int) -> Iterator[tuple[str, object]]:
    for name in COLUMNS:
        with contextlib.suppress(*FAILURES):
            row = source.execute(f"SELECT {name} FROM jobs WHERE rowid = ?", [rowid]).fetchone()  # noqa: S608
            if row is not None:
                yield name, row[0]


def _insert(into: sqlite3.Connection, rows: Sequence[dict[str, object]]) -> int:
    before = into.total_changes
    with transaction(into):
        for row in rows:
            names, places = ", ".join(row), ", ".join("?" * len(row))
            into.execute(f"INSERT OR IGNORE INTO jobs ({names}) VALUES ({places})", list(row.values()))  # noqa: S608
    return into.total_changes - before


def _replace_head(damaged: Path, folder: Path) -> Path:
    """A copy of a journal with the first page of a new one."""
    # File format: sqlite.org/fileformat2.html, section 1.3.
    new = folder / "new.sqlite3"
    connect(new, busy_seconds=1.0).close()
    head, content = bytearray(new.read_bytes()[:_PAGE]), damaged.read_bytes()
    log = damaged.with_name(damaged.name + "-wal")
    # Write and read versions: 1 is a rollback journal, 2 a write-ahead log.
    head[18:20] = b"\x02\x02" if log.is_file() else b"\x01\x01"
    # Pages in the file; then the first free page and how many are free, which nobody needs for reading.
    head[28:32] = (len(content) // _PAGE).to_bytes(4, "big")
    head[32:40] = bytes(8)
    copy = folder / "copy.sqlite3"
    copy.write_bytes(head + content[_PAGE:])
    if log.is_file():
        copy.with_name(copy.name + "-wal").write_bytes(log.read_bytes())
    return copy


#: Seconds to wait for somebody who writes at this moment: a load must not be held up.
_BUSY_SECONDS = 0.2
#: Nobody needs to know more exactly than this how many there are.
_MAX_COUNTED = 1000
_read_lock = threads.fork_safe(threading.Lock())


def count_open(home: Path, *, base_url: str | None = None) -> int:
    """The open jobs that no process works on; 0 where that can't be found out."""
    try:
        found = _find_open_ids(home / "journal.sqlite3", base_url)
        return sum(not job_lock(home, job_id).is_held() for job_id in found)
    except (OSError, ValueError, TypeError, sqlite3.Error):
        return 0


def _find_open_ids(path: Path, base_url: str | None) -> list[str]:
    if not path.is_file():
        return []
    # Even a reader makes the files beside a WAL journal that has none; unread, for nobody has it open.
    live = path.with_name(path.name + "-wal").exists()
    uri = f"{path.resolve().as_uri()}?mode=ro" + ("" if live else "&immutable=1")
    states = ", ".join("?" * len(OPEN_STATES))
    where = "" if base_url is None else " AND base_url = ?"
    sql = f"SELECT job_id FROM jobs WHERE state IN ({states}){where} LIMIT {_MAX_COUNTED}"  # noqa: S608 - our own names
    values = OPEN_STATES if base_url is None else (*OPEN_STATES, base_url)
    with _read_lock, contextlib.closing(sqlite3.connect(uri, timeout=_BUSY_SECONDS, uri=True)) as connection:
        connection.text_factory = decode_text
        return [str(row[0]) for row in connection.execute(sql, values)]
