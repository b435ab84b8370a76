"""How many jobs were left open: quick enough to be asked whenever the extension loads, and it leaves no trace.

The journal itself would make its file, its tables and its locks on first need; a look must not.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path

from qwave_jupyter import forking
from qwave_jupyter.jobs.journal.locks import lock_of
from qwave_jupyter.jobs.journal.schema import OPEN_STATES, decode_text

__all__ = ["count_open"]

#: Seconds to wait for somebody who writes at this moment: a load must not be held up.
_BUSY_SECONDS = 0.2
#: Nobody needs to know more exactly than this how many there are.
_MOST_COUNTED = 1000
_reading = forking.guard(threading.Lock())


def count_open(home: Path, *, base_url: str | None = None) -> int:
    """The open jobs that no process works on; 0 where that can't be found out.

    Args:
        home: the journal's folder, which needn't exist.
        base_url: only those of this server; None for all.

    Example:
        >>> count_open(Path("~/.local/share/qwave-jupyter").expanduser())
        0
    """
    try:
        found = _open_ids(home / "journal.sqlite3", base_url)
        return sum(not lock_of(home, job_id).is_held() for job_id in found)
    except (OSError, ValueError, TypeError, sqlite3.Error):
        return 0


def _open_ids(path: Path, base_url: str | None) -> list[str]:
    if not path.is_file():
        return []
    # Even a reader makes the files beside a WAL journal that has none; unread, for nobody has it open.
    live = path.with_name(path.name + "-wal").exists()
    uri = f"{path.resolve().as_uri()}?mode=ro" + ("" if live else "&immutable=1")
    states = ", ".join("?" * len(OPEN_STATES))
    where = "" if base_url is None else " AND base_url = ?"
    sql = f"SELECT job_id FROM jobs WHERE state IN ({states}){where} LIMIT {_MOST_COUNTED}"  # noqa: S608 - our own names
    values = OPEN_STATES if base_url is None else (*OPEN_STATES, base_url)
    with _reading, contextlib.closing(sqlite3.connect(uri, timeout=_BUSY_SECONDS, uri=True)) as connection:
        connection.text_factory = decode_text
        return [str(row[0]) for row in connection.execute(sql, values)]
