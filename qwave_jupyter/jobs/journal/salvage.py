"""What SQLite still yields of a damaged journal, row by row; open jobs first, because they may be paid for."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from qwave_jupyter.jobs.journal import schema

__all__ = ["salvage"]

#: No row takes fewer bytes, so a file holds no more rows than its size divided by this.
_LEAST_ROW = 40
#: Rows of finished jobs in one transaction; an open job has one to itself.
_CHUNK = 500
_PAGE = 4096
_ALL = ", ".join(schema.COLUMNS)
#: Indexes that cover every row: where the table's own tree is broken, they know which rows there are.
_INDEXES = {"jobs_task": "task_id", "jobs_cost": "created"}


def salvage(damaged: Path, into: sqlite3.Connection) -> int:
    """Copy every row of a damaged journal that can still be read, in whole or in part.

    Args:
        damaged: the file.
        into: a new journal.

    Returns:
        How many rows were saved.
    """
    saved = _copy_rows(damaged, into)
    if saved:
        return saved
    # Without its first page SQLite finds no table at all. That page is the same in every journal but for its counters.
    with contextlib.suppress(OSError, *schema.FAILURES), tempfile.TemporaryDirectory(dir=damaged.parent) as folder:
        saved = _copy_rows(_replace_head(damaged, Path(folder)), into)
    return saved


def _copy_rows(damaged: Path, into: sqlite3.Connection) -> int:
    try:
        source = schema.connect_damaged(damaged)
    except schema.FAILURES:
        return 0
    with contextlib.closing(source):
        states = _find_rows(source, damaged.stat().st_size)
        first = [rowid for rowid, state in states.items() if state is None or state in schema.OPEN_STATES]
        rest = sorted(states.keys() - set(first), reverse=True)
        chunks = [[rowid] for rowid in first] + [rest[at : at + _CHUNK] for at in range(0, len(rest), _CHUNK)]
        saved = 0
        # A full disk ends it, with what is in by then.
        with contextlib.suppress(*schema.FAILURES):
            for chunk in chunks:
                saved += _insert(into, [row for rowid in chunk if (row := _read_row(source, rowid))])
        return saved


def _find_rows(source: sqlite3.Connection, size: int) -> dict[int, Any]:
    """The rows that are there, by rowid, with their states; None for a state that can't be read."""
    found: dict[int, Any] = {}
    if _collect(source, "SELECT rowid, state FROM jobs NOT INDEXED ORDER BY rowid", found):
        return found
    from_start = len(found)
    _collect(source, "SELECT rowid, state FROM jobs NOT INDEXED ORDER BY rowid DESC", found)
    end_known = len(found) > from_start
    listed: dict[int, Any] = {}
    for index, column in _INDEXES.items():
        for order in ("ASC", "DESC"):
            sql = f"SELECT rowid, NULL FROM jobs INDEXED BY {index} ORDER BY {column} {order}"  # noqa: S608 - our names
            end_known = _collect(source, sql, listed) or end_known
    most = size // _LEAST_ROW
    highest = min(max((*found, *listed), default=0), 2 * most) if end_known else most
    for rowid in sorted({*range(1, highest + 1), *listed} - found.keys()):
        for column in ("state", "NULL AS state FROM jobs WHERE job_id IS NOT NULL AND rowid = ?"):
            sql = f"SELECT {column} FROM jobs WHERE rowid = ?" if column == "state" else f"SELECT {column}"  # noqa: S608
            with contextlib.suppress(*schema.FAILURES):
                row = source.execute(sql, [rowid]).fetchone()
                if row is not None:
                    found[rowid] = row[0]
                break
    return found


def _collect(source: sqlite3.Connection, sql: str, found: dict[int, Any]) -> bool:
    """Add rowids and states until the first that can't be read; tells whether that was all."""
    try:
        for row in source.execute(sql):
            found.setdefault(row[0], row[1])
    except schema.FAILURES:
        return False
    return True


def _read_row(source: sqlite3.Connection, rowid: int) -> dict[str, Any]:
    """A row, or those of its columns that can be read; empty where not even its id can."""
    try:
        row = source.execute(f"SELECT {_ALL} FROM jobs WHERE rowid = ?", [rowid]).fetchone()  # noqa: S608 - our names
        values = dict(row or {})
    except schema.FAILURES:
        values = dict(_read_columns(source, rowid))
    values = {name: value for name, value in values.items() if value is not None}
    if not isinstance(values.get("job_id"), str):
        return {}
    state = "running" if values.get("task_id") else "unknown"
    return {"created": 0.0, "updated": 0.0, "state": state, **values}


def _read_columns(source: sqlite3.Connection, rowid: int) -> Iterator[tuple[str, Any]]:
    for name in schema.COLUMNS:
        with contextlib.suppress(*schema.FAILURES):
            row = source.execute(f"SELECT {name} FROM jobs WHERE rowid = ?", [rowid]).fetchone()  # noqa: S608
            if row is not None:
                yield name, row[0]


def _insert(into: sqlite3.Connection, rows: Sequence[dict[str, Any]]) -> int:
    before = into.total_changes
    into.execute("BEGIN IMMEDIATE")
    try:
        for row in rows:
            names, places = ", ".join(row), ", ".join("?" * len(row))
            into.execute(f"INSERT OR IGNORE INTO jobs ({names}) VALUES ({places})", list(row.values()))  # noqa: S608
        into.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(*schema.FAILURES):
            into.execute("ROLLBACK")
        raise
    return into.total_changes - before


def _replace_head(damaged: Path, folder: Path) -> Path:
    """A copy of a journal with the first page of a new one.

    File format: sqlite.org/fileformat2.html, section 1.3.
    """
    new = folder / "new.sqlite3"
    schema.connect(new, busy_seconds=1.0).close()
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
